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

#include "base/fail.h"
#include "gate/types.h"
#include "gate/verdict.h"

/* what is said where there are no rules */
#define GATE_NONE "no gate is configured: every model passes; set \"gates\" in modelhook.json"

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

void gates_release(struct gate *gates, size_t count);

#endif
