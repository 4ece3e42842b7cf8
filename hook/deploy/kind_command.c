/* A command of the user's that reloads the service:
 *
 *   {"command": ["./reload.sh", "{name}", "{version}"], "timeout": "2m"}
 *
 * How it runs: sandbox/user_command.h. Its placeholders: deploy/values.h. */
#include <stdlib.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/temp_dir.h"
#include "base/text.h"
#include "deploy/kinds.h"
#include "deploy/values.h"
#include "sandbox/user_command.h"

static const char *const keys[] = {"command", "memory", "environment"};

static int parse(const struct json_at *entry, struct deploy_target *target, struct fail *f)
{
	struct user_command *command = memory_get(1, sizeof(*command));
	target->options = command;
	return user_command_parse(entry, target->folder, command, f);
}

static int reload(const struct deploy_target *target, const struct deploy_call *call,
	struct text *did, struct fail *f)
{
	struct deploy_values values;
	struct user_command_end end = {0};
	char *temporary = NULL;
	if (temp_dir_open(&temporary, f) != 0)
		return -1;
	deploy_values_make(&values, call->model, false);
	int result =
		user_command_run(target->options, target->name, values.list, temporary, &end, f);
	deploy_values_release(&values);
	temp_dir_release(temporary);
	if (result == 0)
		text_add_string(did, end.detail);
	if (result == 0 && !end.passed)
		result = fail_set(f, STATUS_NOT_SERVED, "%s", end.detail);
	free(end.detail);
	return result;
}

static void would(
	const struct deploy_target *target, const struct deploy_model *model, struct text *text)
{
	const struct user_command *command = target->options;
	(void)model;
	text_printf(text, "run %s", command->argv[0]);
}

static void release(void *options)
{
	user_command_release(options);
	free(options);
}

const struct deploy_kind deploy_kind_command = {
	.key = "command",
	.keys = keys,
	.key_count = sizeof(keys) / sizeof(keys[0]),
	.parse = parse,
	.reload = reload,
	.would = would,
	.release = release,
};
