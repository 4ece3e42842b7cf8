/* What came of a command that loads the model (gate/smoke.h). */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"
#include "gate/rules.h"

static const char *const keys[] = {"name", "command", "timeout", "memory", "environment"};

static int read_command(const struct json_at *rule, struct gate *gate, struct fail *f)
{
	struct json_at list = json_get(rule, "command");
	bool names_model = false;
	if (json_array(&list, f) != 0)
		return -1;
	gate->command = memory_get(json_count(&list) + 1, sizeof(*gate->command));
	for (struct json_at at = json_first(&list); json_is_there(&at); at = json_next(&at)) {
		if (json_string(&at, &gate->command[gate->command_count], f) != 0)
			return -1;
		names_model |= strstr(gate->command[gate->command_count++], "{model}") != NULL;
	}
	if (!names_model || gate->command[0][0] == '\0')
		return json_fail(rule, f,
			"\"command\" is a program and its arguments, \"{model}\" among them");
	return 0;
}

/* Names of variables, NULL behind the last. */
static int read_environment(const struct json_at *rule, struct gate *gate, struct fail *f)
{
	struct json_at list = json_get(rule, "environment");
	size_t count = 0;
	if (!json_is_there(&list))
		return 0;
	if (json_array(&list, f) != 0)
		return -1;
	gate->environment = memory_get(json_count(&list) + 1, sizeof(*gate->environment));
	for (struct json_at at = json_first(&list); json_is_there(&at); at = json_next(&at)) {
		if (json_string(&at, &gate->environment[count], f) != 0)
			return -1;
		const char *name = gate->environment[count++];
		if (name[0] == '\0' || strchr(name, '=') != NULL)
			return json_fail(&at, f, "not the name of a variable");
	}
	return 0;
}

static int parse(const struct json_at *rule, struct gate *gate, struct fail *f)
{
	char *timeout = NULL, *memory = NULL;
	gate->timeout_ms = 120000;
	if (read_command(rule, gate, f) != 0 || read_environment(rule, gate, f) != 0 ||
		rule_string(rule, "timeout", &timeout, f) != 0)
		return -1;
	bool known = timeout == NULL ||
		     (clock_parse_duration(timeout, &gate->timeout_ms) && gate->timeout_ms > 0);
	free(timeout);
	if (!known)
		return json_fail(rule, f, "\"timeout\" is a duration such as \"2m\"");
	if (rule_string(rule, "memory", &memory, f) != 0)
		return -1;
	known = memory == NULL || text_parse_bytes(memory, &gate->memory);
	free(memory);
	return known ? 0 : json_fail(rule, f, "\"memory\" is a size such as \"4G\" or \"512M\"");
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
