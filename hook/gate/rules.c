#include "gate/rules.h"

/* "metric" is a key of most rules: the one that it alone makes is last. */
const struct gate_rule *const gate_rules[] = {
	&gate_rule_smoke,
	&gate_rule_changed,
	&gate_rule_freshness,
	&gate_rule_champion,
	&gate_rule_pair,
	&gate_rule_threshold,
	NULL,
};
