/* anomaly - what is wrong with a model's state, in words: several Productions, none, stage and
 * alias apart.
 *
 * Pure; what status prints and what the next promotion, repair or a person fixes. That nobody is
 * Production is wrong only where somebody ought to be: a version was to be promoted, was Production
 * once, or the alias names one. A model whose versions were all held back is as it should be. A
 * version that failed to be registered and was withdrawn is settled.
 */
#ifndef MODELHOOK_REGISTRY_ANOMALY_H
#define MODELHOOK_REGISTRY_ANOMALY_H

#include "registry/state.h"

struct anomaly {
	const char *kind; /* "several_production", "no_production", "not_the_winner", "alias_apart",
			   * "duplicate", "not_ready"; where it is asked for "stale",
			   * "missing_files" */
	char *text;
};

/* struct anomalies - owns the texts */
struct anomalies {
	struct anomaly *items;
	size_t count;
};

/* anomalies_find - aliases tells whether they are kept here */
void anomalies_find(const struct registry_state *state, bool aliases, struct anomalies *anomalies);

/* anomalies_find_stale - a Production version trained (else registered) before that moment */
void anomalies_find_stale(
	const struct registry_state *state, int64_t before_ms, struct anomalies *anomalies);

/* anomalies_add - one more; text is handed over */
void anomalies_add(struct anomalies *anomalies, const char *kind, char *text);
void anomalies_release(struct anomalies *anomalies);

#endif
