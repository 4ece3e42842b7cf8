/* Other weights than the champion's. */
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/text.h"
#include "gate/rules.h"

static const char *const keys[] = {"name", "weights"};

static int parse(const struct json_at *rule, struct gate *gate, struct fail *f)
{
	char *value = NULL;
	(void)gate;
	if (rule_string(rule, "weights", &value, f) != 0)
		return -1;
	bool known = strcmp(value, "differ_from_champion") == 0;
	free(value);
	return known ? 0 : json_fail(rule, f, "\"weights\" takes \"differ_from_champion\"");
}

static char *default_name(const struct gate *gate)
{
	(void)gate;
	return text_copy("weights");
}

static bool decide(const struct gate *gate, const struct gate_input *input, struct text *text)
{
	(void)gate;
	const char *theirs = input->champion.weights;
	if (input->training.weights == NULL) {
		text_add_string(
			text, "the weights of a model that the script logged are not known");
		return true;
	}
	if (input->champion_version == 0 || theirs == NULL) {
		text_add_string(text, "no champion's weights to compare with");
		return true;
	}
	bool same = strcmp(theirs, input->training.weights) == 0;
	text_printf(text, "weights %.12s, champion version %lld %.12s", input->training.weights,
		(long long)input->champion_version, theirs);
	return !same;
}

const struct gate_rule gate_rule_changed = {
	.key = "weights",
	.keys = keys,
	.key_count = sizeof(keys) / sizeof(keys[0]),
	.parse = parse,
	.name = default_name,
	.decide = decide,
};
