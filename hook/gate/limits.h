/* limits - "at_least" and "at_most" of a rule.
 */
#ifndef MODELHOOK_GATE_LIMITS_H
#define MODELHOOK_GATE_LIMITS_H

#include "base/fail.h"
#include "base/text.h"
#include "gate/types.h"
#include "packaging/json/json.h"

/* limits_parse - UNACCEPTABLE where the rule has neither, or nothing lies between them */
MUST_CHECK int limits_parse(const struct json_at *rule, struct gate *gate, struct fail *f);

/* limits_hold - whether the value lies within the gate's limits, which are added to text */
bool limits_hold(const struct gate *gate, double value, struct text *text);

/* limit_at_most - whether a value is at most a limit, as written: 0.90 - 0.80 is at most 0.10 */
bool limit_at_most(double value, double limit);

#endif
