#include "gate/smoke.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/console.h"
#include "base/escape.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/stop.h"
#include "base/temp_dir.h"
#include "base/text.h"
#include "gate/rule.h"
#include "gate/sandbox.h"
#include "packaging/package/package_read.h"

#define MODEL_FOLDER "model"

enum {
	PROCESSES_MAX = 256,
	LINES_SHOWN = 10,
	LINES_KEPT = 3, /* in the verdict */
	DETAIL_MAX = 400,
};

bool smoke_is_needed(const struct gate *gates, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (gates[i].rule->runs_command)
			return true;
	return false;
}

/* Unpacking */

static int write_all(int fd, const char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t written = write(fd, bytes, size);
		if (written < 0 && errno != EINTR)
			return -1;
		if (written > 0) {
			bytes += written;
			size -= (size_t)written;
		}
	}
	return 0;
}

static int copy_stream(struct package_stream *stream, int fd, struct fail *f)
{
	char buffer[65536];
	size_t got;
	do {
		if (stop_or_late(f) != 0 ||
			package_stream_read(stream, buffer, sizeof(buffer), &got, f) != 0)
			return -1;
		if (write_all(fd, buffer, got) != 0)
			return fail_errno(f, fail_output_status(errno), "write");
	} while (got > 0);
	return 0;
}

static int unpack_file(struct package_stream *stream, const char *path, struct fail *f)
{
	char *folder = file_folder(path);
	int result = file_make_directories(folder, f);
	free(folder);
	if (result != 0)
		return -1;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail_errno(f, fail_output_status(errno), "create");
	result = copy_stream(stream, fd, f);
	if (close(fd) != 0 && result == 0)
		result = fail_errno(f, fail_output_status(errno), "close");
	return result;
}

static int unpack(
	const char *package, const struct manifest *manifest, const char *folder, struct fail *f)
{
	struct package_stream stream;
	if (package_open_file(package, manifest, 0, &stream, f) != 0)
		return -1;
	int result = 0;
	for (size_t i = 0; result == 0 && i < manifest->file_count; i++) {
		char *path = file_join(folder, manifest->files[i].path);
		if (i > 0)
			result = package_stream_next(&stream, manifest, i, f);
		if (result == 0)
			result = unpack_file(&stream, path, f);
		if (result != 0)
			fail_wrap(f, "%s", path);
		free(path);
	}
	package_stream_release(&stream);
	return result;
}

/* The command */

static char *fill_in(const char *argument, const char *model)
{
	struct text text = {0};
	for (const char *at; (at = strstr(argument, "{model}")) != NULL; argument = at + 7) {
		text_add(&text, argument, (size_t)(at - argument));
		text_add_string(&text, model);
	}
	text_add_string(&text, argument);
	return text_take(&text);
}

/* A script that is not there would end the interpreter as if the model were bad. */
static int check_scripts(const struct gate *gate, struct fail *f)
{
	for (size_t i = 0; i < gate->command_count; i++) {
		const char *argument = gate->command[i];
		if (!text_ends_with(argument, ".py") && !text_ends_with(argument, ".sh"))
			continue;
		char *path = file_join(gate->folder, argument);
		bool there = strstr(argument, "{model}") != NULL || file_is_there(path);
		free(path);
		if (!there)
			return fail_set(
				f, STATUS_CONFIGURATION, "%s is not in %s", argument, gate->folder);
	}
	return 0;
}

/* folder: the temporary one, with model/ in it; an empty home/ comes beside it. */
static int run(const struct gate *gate, const char *folder, struct sandboxed *done, struct fail *f)
{
	char *model = file_join(folder, MODEL_FOLDER), *home = file_join(folder, "home");
	char **argv = memory_get(gate->command_count + 1, sizeof(*argv));
	for (size_t i = 0; i < gate->command_count; i++)
		argv[i] = fill_in(gate->command[i], model);
	struct sandbox what = {
		.argv = argv,
		.folder = gate->folder,
		.environment = gate->environment,
		.home = home,
		.temporary = folder,
		.timeout_ms = gate->timeout_ms,
		.memory = gate->memory,
		.processes = PROCESSES_MAX,
	};
	int result = file_remove_all(home, f);
	if (result == 0)
		result = file_make_directories(home, f);
	if (result == 0)
		result = sandbox_run(&what, done, f);
	for (size_t i = 0; i < gate->command_count; i++)
		free(argv[i]);
	free(argv);
	free(model);
	free(home);
	return result;
}

/* The verdict */

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

static void show_output(const struct gate *gate, const struct text *output)
{
	size_t size = output->size;
	const char *line = last_lines(text_string(output), &size, LINES_SHOWN);
	for (const char *end = line + size; line < end;) {
		const char *next = memchr(line, '\n', (size_t)(end - line));
		size_t length = (size_t)((next != NULL ? next : end) - line);
		console_say("%s: %.*s", gate->name, (int)length, line);
		line += length + 1;
	}
}

static void describe_end(const struct gate *gate, const struct sandboxed *done, struct text *text)
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
		text_printf(text, "not ended after %.1f s", (double)gate->timeout_ms / 1000);
		return;
	case SANDBOX_MEMORY:
		text_printf(text, "used more than %llu bytes after %.1f s",
			(unsigned long long)gate->memory, seconds);
		return;
	case SANDBOX_PROCESSES:
		text_printf(text, "more than %d processes after %.1f s", PROCESSES_MAX, seconds);
		return;
	}
}

static char *describe(const struct gate *gate, const struct sandboxed *done)
{
	struct text text = {0}, lines = {0};
	char shown[DETAIL_MAX];
	size_t size = done->output.size;
	const char *last = last_lines(text_string(&done->output), &size, LINES_KEPT);
	describe_end(gate, done, &text);
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

static int try_one(
	const struct gate *gate, const char *folder, struct gate_trial *trial, struct fail *f)
{
	struct sandboxed done = {0};
	int result = check_scripts(gate, f);
	if (result == 0)
		result = run(gate, folder, &done, f);
	if (result == 0) {
		show_output(gate, &done.output);
		trial->gate = gate;
		trial->passed = done.end == SANDBOX_EXIT && done.code == 0;
		trial->detail = describe(gate, &done);
	}
	sandboxed_release(&done);
	return result == 0 ? 0 : fail_wrap(f, "gate %s", gate->name);
}

static int try_all(const struct gate *gates, size_t count, const char *folder,
	struct gate_trials *trials, struct fail *f)
{
	for (size_t i = 0; i < count; i++) {
		if (!gates[i].rule->runs_command)
			continue;
		if (try_one(&gates[i], folder, &trials->items[trials->count], f) != 0)
			return -1;
		trials->count++;
	}
	return 0;
}

int smoke_try(const struct gate *gates, size_t count, const char *package,
	const struct manifest *manifest, struct gate_trials *trials, struct fail *f)
{
	char *folder = NULL;
	*trials = (struct gate_trials){0};
	if (!smoke_is_needed(gates, count))
		return 0;
	if (manifest->file_count == 0 || package == NULL) {
		fail_set(f, STATUS_CONFIGURATION,
			"a gate with a command needs the model's files, and the training script "
			"logged them itself");
		return fail_hint(f, "hand over \"saved_model\", or leave the gate out");
	}
	trials->items = memory_get(count, sizeof(*trials->items));
	if (temp_dir_open(&folder, f) != 0)
		return -1;
	char *model = file_join(folder, MODEL_FOLDER);
	int result = unpack(package, manifest, model, f);
	if (result == 0)
		result = try_all(gates, count, folder, trials, f);
	free(model);
	temp_dir_release(folder);
	return result;
}

void smoke_release(struct gate_trials *trials)
{
	for (size_t i = 0; i < trials->count; i++)
		free(trials->items[i].detail);
	free(trials->items);
	*trials = (struct gate_trials){0};
}
