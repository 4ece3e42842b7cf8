/* types - a gate, and what is given to it.
 *
 * struct gate owns its strings.
 */
#ifndef MODELHOOK_GATE_TYPES_H
#define MODELHOOK_GATE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gate/side.h"
#include "sandbox/user_command.h"

struct gate_rule; /* gate/rule.h */

struct gate {
	const struct gate_rule *rule;
	char *name; /* as given, else made from the rule */
	char *metric;
	char *minus;
	bool has_least, has_most;
	double at_least, at_most;
	double margin;	   /* not_below_champion_by */
	double confidence; /* 0: none asked for */
	char *samples;	   /* which count confidence uses */
	int64_t max_age_ms;
	char *folder;		     /* of modelhook.json */
	struct user_command command; /* of a smoke rule */
};

/* gate_trial - what came of the command of a smoke rule; owns the detail */
struct gate_trial {
	const struct gate *gate; /* borrowed */
	bool passed;
	char *detail;
};

struct gate_trials {
	struct gate_trial *items;
	size_t count;
};

struct gate_input {
	struct gate_side training;
	struct gate_side champion;
	int64_t champion_version; /* 0: there is none, or the training is the champion itself */
	int64_t trained_at_ms;
	int64_t now_ms;
	const struct gate_trials *trials; /* NULL: nothing was tried */
};

#endif
