/* rules - every kind of gate.
 */
#ifndef MODELHOOK_GATE_RULES_H
#define MODELHOOK_GATE_RULES_H

#include "gate/rule.h"

extern const struct gate_rule gate_rule_threshold;
extern const struct gate_rule gate_rule_pair;
extern const struct gate_rule gate_rule_champion;
extern const struct gate_rule gate_rule_changed;
extern const struct gate_rule gate_rule_freshness;
extern const struct gate_rule gate_rule_smoke;

/* gate_rules - all of them, NULL behind the last. The first one whose key is there counts. */
extern const struct gate_rule *const gate_rules[];

#endif
