/* anomaly - what is wrong with a model's standing, in words: several Productions, none, stage and
 * alias apart.
 *
 * Pure; what status prints and what the next promotion or a person mends.
 */
#ifndef MODELHOOK_ANOMALY_H
#define MODELHOOK_ANOMALY_H

#include "standing.h"

struct anomaly {
	const char *kind; /* "several_production", "no_production", "not_the_winner", "alias_apart",
			   * "duplicate", "not_ready" */
	char *text;
};

/* struct anomalies - owns the texts */
struct anomalies {
	struct anomaly *items;
	size_t count;
};

/* anomalies_find - aliases tells whether the server has them */
void anomalies_find(const struct standing *standing, bool aliases, struct anomalies *anomalies);
void anomalies_release(struct anomalies *anomalies);

#endif
