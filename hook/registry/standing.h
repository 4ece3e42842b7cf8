/* standing - why a version is not Production, as the registry tells it afterwards.
 *
 * Pure.
 */
#ifndef MODELHOOK_REGISTRY_STANDING_H
#define MODELHOOK_REGISTRY_STANDING_H

#include "registry/production_period.h"
#include "registry/state.h"

/* struct standing - owns why */
struct standing {
	const char
		*word; /* "production", "held", "withdrawn", "duplicate", "superseded", "waiting" */
	char *why;     /* NULL for "production" */
};

/* standing_read - held: a gate rejected it, and it never was Production; superseded: another one is
 * wanted in Production; waiting: nobody has asked for its promotion, by policy or because another
 * program registered it. periods are those of the state. */
void standing_read(const struct registry_state *state, const struct production_periods *periods,
	const struct version *version, struct standing *standing);
void standing_release(struct standing *standing);

/* standing_gates - the rules of TAG_GATE that rejected it, "NAME: DETAIL; ..." (without NAME where
 * DETAIL begins with it); NULL where none did. The caller frees it. */
char *standing_gates(const struct version *version);

#endif
