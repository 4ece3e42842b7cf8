/* A metric within limits. */
#include "base/text.h"
#include "gate/limits.h"
#include "gate/rules.h"
#include "gate/side.h"

static const char *const keys[] = {"name", "metric", "at_least", "at_most"};

static char *default_name(const struct gate *gate)
{
	return text_format("%s", gate->metric);
}

static bool decide(const struct gate *gate, const struct gate_input *input, struct text *text)
{
	double value = *gate_metric(&input->training, gate->metric);
	text_printf(text, "%s %.10g", gate->metric, value);
	return limits_hold(gate, value, text);
}

const struct gate_rule gate_rule_threshold = {
	.key = "metric",
	.keys = keys,
	.key_count = sizeof(keys) / sizeof(keys[0]),
	.needs_metric = true,
	.parse = limits_parse,
	.name = default_name,
	.decide = decide,
};
