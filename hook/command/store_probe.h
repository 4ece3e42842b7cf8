/* store_probe - whether what a run would keep somewhere can be kept there: a small object in a
 * folder of its own is written, read back and removed again, with the credentials and in the way of
 * a run.
 *
 * On 0 detail tells what was done and where. A failure names the place and says what to do. With
 * a plan nothing is written.
 */
#ifndef MODELHOOK_COMMAND_STORE_PROBE_H
#define MODELHOOK_COMMAND_STORE_PROBE_H

#include "base/fail.h"
#include "base/text.h"
#include "mlflow/session.h"
#include "store/options.h"

/* store_probe_artifacts - where the runs of an experiment keep theirs: of the one that
 * MLFLOW_EXPERIMENT_NAME or MLFLOW_EXPERIMENT_ID names, else of the default one. *warns: a run may
 * do well there, but not all of the above could be done; detail says why. */
MUST_CHECK int store_probe_artifacts(
	struct session *session, struct text *detail, bool *warns, struct fail *f);

/* store_probe_spool - the same for the spool, where that is a URL: what is finished must leave it,
 * so that not being able to remove is a failure. Else nothing is done, and detail stays empty. */
MUST_CHECK int store_probe_spool(const struct store_reach *reach, const char *url,
	struct plan *plan, struct text *detail, bool *warns, struct fail *f);

#endif
