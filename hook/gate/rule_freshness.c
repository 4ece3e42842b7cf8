/* A training that is not too old. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/text.h"
#include "gate/rules.h"

static const char *const keys[] = {"name", "max_age"};

static int parse(const struct json_at *rule, struct gate *gate, struct fail *f)
{
	char *value = NULL;
	if (rule_string(rule, "max_age", &value, f) != 0)
		return -1;
	bool known = clock_parse_duration(value, &gate->max_age_ms);
	free(value);
	return known ? 0 : json_fail(rule, f, "\"max_age\" is a duration such as \"36h\"");
}

static char *default_name(const struct gate *gate)
{
	(void)gate;
	return text_copy("freshness");
}

static bool decide(const struct gate *gate, const struct gate_input *input, struct text *text)
{
	int64_t age = input->now_ms - input->trained_at_ms;
	text_printf(text, "trained %.2f h ago, at most %.2f h", (double)age / 3600000.0,
		(double)gate->max_age_ms / 3600000.0);
	return age <= gate->max_age_ms;
}

const struct gate_rule gate_rule_freshness = {
	.key = "max_age",
	.keys = keys,
	.key_count = sizeof(keys) / sizeof(keys[0]),
	.parse = parse,
	.name = default_name,
	.decide = decide,
};
