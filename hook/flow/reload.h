/* reload - the service loads a version and is seen serving it: every target of "deploy", then the
 * proof of "served", each a step of its own in the result.
 *
 * Nothing here writes to the registry; what becomes of a version that is not served:
 * flow/deliver.h.
 */
#ifndef MODELHOOK_FLOW_RELOAD_H
#define MODELHOOK_FLOW_RELOAD_H

#include "base/fail.h"
#include "invocation/invocation.h"
#include "packaging/package/manifest.h"
#include "registry/registry.h"

struct cJSON;

/* struct delivery - whose version goes into the service; borrowed but for the text */
struct delivery {
	struct invocation *call;
	struct registry *registry; /* read */
	const char *who;
	int64_t at_hand; /* the version whose package is at hand; 0: files come from their store */
	const char *package;
	const struct manifest *manifest;
	bool keeps;	       /* a version that is not served stays, whatever "on_failure" says */
	bool reloaded;	       /* the last proof followed a reload */
	struct cJSON *figures; /* an object: what the last proof saw; owned, or NULL */
};

void delivery_release(struct delivery *delivery);

/* reload_and_prove - version number, which is Production, in place of `instead` (0: none). Targets
 * are skipped where the proof says that what they reload serves it already (served/covers.h).
 * Status as deploy/kind.h and served/prove.h say. With --plan it is told what would be done. */
MUST_CHECK int reload_and_prove(
	struct delivery *delivery, int64_t number, int64_t instead, struct fail *f);

/* reload_prove - the proof alone */
MUST_CHECK int reload_prove(struct delivery *delivery, int64_t number, struct fail *f);

#endif
