/* gate - whether a training is good enough to be Production: a list of rules, each with a verdict
 * and its numbers.
 *
 * Pure decisions on numbers that the caller collected; no calls. The rules come from modelhook.json
 * ("gates", tried in order, all of them, so that a rejection names every reason at once):
 *   {"metric": "val_accuracy", "at_least": 0.80}                         threshold (at_most)
 *   {"metric": "val_accuracy", "not_below_champion_by": 0.01}            champion
 *   {... "not_below_champion_by": 0.0, "confidence": 0.95, "samples": "validation"}
 *        champion, by a one-sided two-proportion z-test (unpooled): passes when, at that
 * confidence, the training is better than the champion less the margin
 *   {"metric": "train_accuracy", "minus": "val_accuracy", "at_most": 0.10}   pair
 *   {"weights": "differ_from_champion"}                                  changed
 *   {"max_age": "36h"}                                                   freshness
 *   {"command": ["python3", "smoke.py", "{model}"], "timeout": "2m", "memory": "4G"}
 *                                                                        smoke, see gate/smoke.h
 * A training's metric that is not a finite number passes no rule; a champion's is not compared
 * with. Any rule takes "name"; smoke takes "environment": ["NAME"] as well. Metrics are the
 * handoff's, else the run's; model_size_bytes, parameter_count and tensor_count come from the
 * inspection. struct gate owns its strings.
 */
#ifndef MODELHOOK_GATE_GATE_H
#define MODELHOOK_GATE_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"
#include "gate/verdict.h"
#include "packaging/package/handoff.h"

enum gate_rule {
	GATE_THRESHOLD,
	GATE_CHAMPION,
	GATE_PAIR,
	GATE_CHANGED,
	GATE_FRESHNESS,
	GATE_SMOKE,
};

struct gate {
	enum gate_rule rule;
	char *name; /* as given, else made from the rule */
	char *metric;
	char *minus;
	bool has_least, has_most;
	double at_least, at_most;
	double margin;	   /* not_below_champion_by */
	double confidence; /* 0: none asked for */
	char *samples;	   /* which count confidence uses */
	int64_t max_age_ms;
	char **command; /* of a smoke rule */
	size_t command_count;
	char *folder;	    /* where it runs */
	char **environment; /* names of variables that it gets besides, NULL-terminated; or NULL */
	int64_t timeout_ms;
	uint64_t memory; /* bytes, 0: no limit */
};

/* gate_side - what is known of one of the two models compared; borrowed */
struct gate_side {
	const struct metric *metrics; /* one list after another is asked: see gate_metric */
	size_t metric_count;
	const struct metric *more;
	size_t more_count;
	const struct count *samples;
	size_t sample_count;
	const char *weights; /* digest, or NULL */
};

/* gate_trial - what came of the command of a smoke rule; owns the detail */
struct gate_trial {
	const struct gate *gate; /* borrowed */
	bool passed;
	char *detail;
};

struct gate_input {
	struct gate_side training;
	struct gate_side champion;
	int64_t champion_version; /* 0: there is none, or the training is the champion itself */
	int64_t trained_at_ms;
	int64_t now_ms;
	const struct gate_trial *trials;
	size_t trial_count;
};

/* gate_metric - a side's metric: from metrics, then more; NULL where neither has it */
const double *gate_metric(const struct gate_side *side, const char *key);

/* gate_check_inputs - UNACCEPTABLE where a rule needs a metric that the training does not have:
 * nobody should find out only after an upload */
MUST_CHECK int gate_check_inputs(
	const struct gate *gates, size_t count, const struct gate_side *training, struct fail *f);

/* gate_needs_champion - whether a rule compares metrics with the champion's */
bool gate_needs_champion(const struct gate *gates, size_t count);

/* gate_decide - try all; each verdict is added to verdicts. Returns whether all passed (or were
 * overridden). */
bool gate_decide(const struct gate *gates, size_t count, const struct gate_input *input,
	const char *override_reason, struct gate_verdicts *verdicts);

/* gate_parse - the value of "gates" in modelhook.json, which lies in folder, into owned rules;
 * UNACCEPTABLE by rule and key */
struct json_at;
MUST_CHECK int gate_parse(const struct json_at *list, const char *folder, struct gate **gates,
	size_t *count, struct fail *f);
void gates_release(struct gate *gates, size_t count);

#endif
