/* The difference of two metrics within limits: how much a training overfits. */
#include "base/fail.h"
#include "base/text.h"
#include "gate/limits.h"
#include "gate/rules.h"
#include "gate/side.h"

static const char *const keys[] = {"name", "metric", "minus", "at_least", "at_most"};

static int parse(const struct json_at *rule, struct gate *gate, struct fail *f)
{
	if (rule_string(rule, "minus", &gate->minus, f) != 0)
		return -1;
	return limits_parse(rule, gate, f);
}

static char *default_name(const struct gate *gate)
{
	return text_format("%s - %s", gate->metric, gate->minus);
}

static bool decide(const struct gate *gate, const struct gate_input *input, struct text *text)
{
	double first = *gate_metric(&input->training, gate->metric);
	double second = *gate_metric(&input->training, gate->minus);
	text_printf(text, "%s %.10g - %s %.10g = %.10g", gate->metric, first, gate->minus, second,
		first - second);
	return limits_hold(gate, first - second, text);
}

const struct gate_rule gate_rule_pair = {
	.key = "minus",
	.keys = keys,
	.key_count = sizeof(keys) / sizeof(keys[0]),
	.needs_metric = true,
	.parse = parse,
	.name = default_name,
	.decide = decide,
};
