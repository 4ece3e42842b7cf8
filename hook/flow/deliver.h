/* deliver - what the registry says is Production gets into the service, or the registry and the
 * service go back to the version before.
 *
 * The registry is the source of truth here as well: the service has to serve its Production
 * version, and every call finishes what an earlier one left (registry/served_note.h). So a call
 * that was killed anywhere is repeated, or followed by `modelhook served MODEL --repair`.
 */
#ifndef MODELHOOK_FLOW_DELIVER_H
#define MODELHOOK_FLOW_DELIVER_H

#include "base/fail.h"
#include "flow/reload.h"

/* deliver_is_set - the settings say how the service is reloaded, or how it is asked */
bool deliver_is_set(const struct settings *settings);

/* deliver_version - a version that is Production, in place of `instead` (0: none). 0: it is served,
 * or another version took its place meanwhile: then the result is HELD, superseded. A failure that
 * a retry does not mend is NOT_SERVED, or ROLLED_BACK where the settings say "roll_back"; LATER,
 * TERMINATED and INTERRUPTED leave the rest to the next call. */
MUST_CHECK int deliver_version(
	struct delivery *delivery, int64_t number, int64_t instead, struct fail *f);

/* deliver_unfinished - a version that is not Production because it was rolled back: finish that
 * where it was interrupted. -1 with ROLLED_BACK or as deliver_version; 0: nothing of that kind. */
MUST_CHECK int deliver_unfinished(struct delivery *delivery, int64_t number, struct fail *f);

/* deliver_repair - reconcile the registry, bring its Production version into the service unless it
 * is served, and end every rollback that was interrupted. result.version is that version. REFUSED
 * where no version is Production. */
MUST_CHECK int deliver_repair(struct delivery *delivery, struct fail *f);

#endif
