/* What came of a command that loads the model (gate/smoke.h). */
#include "base/fail.h"
#include "base/text.h"
#include "gate/rules.h"
#include "gate/smoke.h"

static const char *const keys[] = {"name", "command", "timeout", "memory", "environment"};

static int parse(const struct json_at *rule, struct gate *gate, struct fail *f)
{
	if (user_command_parse(rule, gate->folder, &gate->command, f) != 0)
		return -1;
	if (!user_command_names(&gate->command, PLACEHOLDER_MODEL))
		return json_fail(rule, f,
			"\"command\" is a program and its arguments, \"{model}\" among them");
	return 0;
}

static char *default_name(const struct gate *gate)
{
	(void)gate;
	return text_copy("smoke");
}

static bool decide(const struct gate *gate, const struct gate_input *input, struct text *text)
{
	for (size_t i = 0; input->trials != NULL && i < input->trials->count; i++) {
		const struct gate_trial *trial = &input->trials->items[i];
		if (trial->gate != gate)
			continue;
		text_add_string(text, trial->detail);
		return trial->passed;
	}
	text_add_string(text, "was not tried");
	return false;
}

const struct gate_rule gate_rule_smoke = {
	.key = "command",
	.keys = keys,
	.key_count = sizeof(keys) / sizeof(keys[0]),
	.runs_command = true,
	.parse = parse,
	.name = default_name,
	.decide = decide,
};
