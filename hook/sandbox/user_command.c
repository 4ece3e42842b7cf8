#include "sandbox/user_command.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/console.h"
#include "base/env.h"
#include "base/escape.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/placeholder.h"
#include "base/text.h"
#include "sandbox/sandbox.h"

enum {
	PROCESSES_MAX = 256,
	LINES_SHOWN = 10,
	LINES_KEPT = 3, /* in the detail */
	DETAIL_MAX = 400,
	TIMEOUT_MS = 120000,
};

/* Reading */

static int read_arguments(
	const struct json_at *object, struct user_command *command, struct fail *f)
{
	struct json_at list = json_get(object, "command");
	if (json_array(&list, f) != 0)
		return -1;
	command->argv = memory_get(json_count(&list) + 1, sizeof(*command->argv));
	for (struct json_at at = json_first(&list); json_is_there(&at); at = json_next(&at))
		if (json_string(&at, &command->argv[command->count++], f) != 0)
			return -1;
	if (command->count == 0 || command->argv[0][0] == '\0')
		return json_fail(object, f, "\"command\" is a program and its arguments");
	return 0;
}

int user_command_environment(const struct json_at *object, char ***names, struct fail *f)
{
	struct json_at list = json_get(object, "environment");
	size_t count = 0;
	if (!json_is_there(&list))
		return 0;
	if (json_array(&list, f) != 0)
		return -1;
	*names = memory_get(json_count(&list) + 1, sizeof(**names));
	for (struct json_at at = json_first(&list); json_is_there(&at); at = json_next(&at)) {
		if (json_string(&at, &(*names)[count], f) != 0)
			return -1;
		const char *name = (*names)[count++];
		if (name[0] == '\0' || strchr(name, '=') != NULL)
			return json_fail(&at, f, "not the name of a variable");
	}
	return 0;
}

static bool parse_timeout(const char *text, int64_t *timeout_ms)
{
	return clock_parse_duration(text, timeout_ms) && *timeout_ms > 0;
}

/* The value of key, if it is there, as a duration or a size. */
static int read_limits(const struct json_at *object, struct user_command *command, struct fail *f)
{
	struct json_at timeout = json_get(object, "timeout"), memory = json_get(object, "memory");
	char *text = NULL;
	if (json_is_there(&timeout) && json_string(&timeout, &text, f) != 0)
		return -1;
	bool known = text == NULL || parse_timeout(text, &command->timeout_ms);
	free(text);
	if (!known)
		return json_fail(object, f, "\"timeout\" is a duration such as \"2m\"");
	text = NULL;
	if (json_is_there(&memory) && json_string(&memory, &text, f) != 0)
		return -1;
	known = text == NULL || text_parse_bytes(text, &command->memory);
	free(text);
	return known ? 0 : json_fail(object, f, "\"memory\" is a size such as \"4G\" or \"512M\"");
}

int user_command_parse(const struct json_at *object, const char *folder,
	struct user_command *command, struct fail *f)
{
	command->timeout_ms = TIMEOUT_MS;
	command->folder = text_copy(folder);
	if (read_arguments(object, command, f) != 0 ||
		user_command_environment(object, &command->environment, f) != 0)
		return -1;
	return read_limits(object, command, f);
}

void user_command_release(struct user_command *command)
{
	for (size_t i = 0; i < command->count; i++)
		free(command->argv[i]);
	env_release(command->environment);
	free(command->argv);
	free(command->folder);
	*command = (struct user_command){0};
}

bool user_command_names(const struct user_command *command, const char *placeholder)
{
	for (size_t i = 0; i < command->count; i++)
		if (strstr(command->argv[i], placeholder) != NULL)
			return true;
	return false;
}

/* Running */

/* A script that is not there would end the interpreter as if the script had failed. */
static int check_scripts(const struct user_command *command, struct fail *f)
{
	for (size_t i = 0; i < command->count; i++) {
		const char *argument = command->argv[i];
		if (!text_ends_with(argument, ".py") && !text_ends_with(argument, ".sh"))
			continue;
		char *path = file_join(command->folder, argument);
		bool there = strchr(argument, '{') != NULL || file_is_there(path);
		free(path);
		if (!there)
			return fail_set(f, STATUS_CONFIGURATION, "%s is not in %s", argument,
				command->folder);
	}
	return 0;
}

static int run(const struct user_command *command, const struct placeholder *values,
	const char *temporary, struct sandboxed *done, struct fail *f)
{
	char *home = file_join(temporary, "home");
	char **argv = memory_get(command->count + 1, sizeof(*argv));
	for (size_t i = 0; i < command->count; i++)
		argv[i] = placeholder_fill(command->argv[i], values);
	struct sandbox what = {
		.argv = argv,
		.folder = command->folder,
		.environment = command->environment,
		.home = home,
		.temporary = temporary,
		.timeout_ms = command->timeout_ms,
		.memory = command->memory,
		.processes = PROCESSES_MAX,
	};
	int result = file_remove_all(home, f);
	if (result == 0)
		result = file_make_directories(home, f);
	if (result == 0)
		result = sandbox_run(&what, done, f);
	for (size_t i = 0; i < command->count; i++)
		free(argv[i]);
	free(argv);
	free(home);
	return result;
}

/* What came of it */

/* Where the last `count` lines begin; blank ends are no lines. */
static const char *last_lines(const char *text, size_t *size, int count)
{
	while (*size > 0 && strchr(" \t\r\n", text[*size - 1]) != NULL)
		--*size;
	size_t at = *size;
	while (at > 0 && (text[at - 1] != '\n' || --count > 0))
		at--;
	*size -= at;
	return text + at;
}

static void show_output(const char *name, const struct text *output)
{
	size_t size = output->size;
	const char *line = last_lines(text_string(output), &size, LINES_SHOWN);
	for (const char *end = line + size; line < end;) {
		const char *next = memchr(line, '\n', (size_t)(end - line));
		size_t length = (size_t)((next != NULL ? next : end) - line);
		console_say("%s: %.*s", name, (int)length, line);
		line += length + 1;
	}
}

static void describe_end(
	const struct user_command *command, const struct sandboxed *done, struct text *text)
{
	double seconds = (double)done->ms / 1000;
	switch (done->end) {
	case SANDBOX_EXIT:
		text_printf(text, "exit status %d after %.1f s", done->code, seconds);
		return;
	case SANDBOX_SIGNAL:
		text_printf(text, "ended by signal %d after %.1f s", done->code, seconds);
		return;
	case SANDBOX_TIMEOUT:
		text_printf(text, "not ended after %.1f s", (double)command->timeout_ms / 1000);
		return;
	case SANDBOX_MEMORY:
		text_printf(text, "used more than %llu bytes after %.1f s",
			(unsigned long long)command->memory, seconds);
		return;
	case SANDBOX_PROCESSES:
		text_printf(text, "more than %d processes after %.1f s", PROCESSES_MAX, seconds);
		return;
	}
}

static char *describe(const struct user_command *command, const struct sandboxed *done)
{
	struct text text = {0}, lines = {0};
	char shown[DETAIL_MAX];
	size_t size = done->output.size;
	const char *last = last_lines(text_string(&done->output), &size, LINES_KEPT);
	describe_end(command, done, &text);
	if (done->left_behind > 0)
		text_printf(&text, ", %zu processes left behind were ended", done->left_behind);
	for (size_t i = 0; i < size; i++)
		text_add(&lines, last[i] == '\n' ? " | " : &last[i], last[i] == '\n' ? 3 : 1);
	if (lines.size > 0)
		text_printf(
			&text, ": %s", escape_into(shown, sizeof(shown), lines.data, lines.size));
	text_release(&lines);
	return text_take(&text);
}

int user_command_run(const struct user_command *command, const char *name,
	const struct placeholder *values, const char *temporary, struct user_command_end *end,
	struct fail *f)
{
	struct sandboxed done = {0};
	*end = (struct user_command_end){0};
	int result = check_scripts(command, f);
	if (result == 0)
		result = run(command, values, temporary, &done, f);
	if (result == 0) {
		show_output(name, &done.output);
		end->passed = done.end == SANDBOX_EXIT && done.code == 0;
		end->detail = describe(command, &done);
	}
	sandboxed_release(&done);
	return result;
}
