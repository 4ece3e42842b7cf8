/* decision - which version a person, or a service that was not seen serving one, wants in
 * Production: the tags that say so, and the reconciliation that follows.
 *
 * A decision outranks every training until a newer one (registry/state.h). Nothing here takes the
 * Production version away without another in its place.
 */
#ifndef MODELHOOK_REGISTRY_DECISION_H
#define MODELHOOK_REGISTRY_DECISION_H

#include "base/fail.h"
#include "registry/registry.h"

/* decision_promote - make version the Production one from now on: check that its files are there,
 * note the decision, reconcile. *winner tells who won: a training that was finished meanwhile may
 * be newer. REFUSED where the version is not READY or its files are gone. */
MUST_CHECK int decision_promote(struct registry *registry, const char *who, int64_t version,
	const char *why, int64_t *winner, struct fail *f);

/* struct rollback - borrowed strings */
struct rollback {
	const char *who;
	const char *why; /* NULL: no reason is given */
	int64_t at_ms;	 /* as in struct registry_decision */
	int64_t to;	 /* 0: what was good before the present winner, if its files are there */
	int64_t from;	 /* told: the version that was left, and is withdrawn */
	int64_t winner;	 /* told: the version in Production at the end */
};

/* decision_rollback - back to another version; the one that is left is withdrawn: no automatic
 * promotion brings it back. REFUSED where no version was good before. */
MUST_CHECK int decision_rollback(
	struct registry *registry, struct rollback *rollback, struct fail *f);

#endif
