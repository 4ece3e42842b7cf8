#include "watch/process_signal.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "base/file.h"
#include "base/text.h"

enum {
	PID_FILE_MAX = 64,
	STATUS_MAX = 65536,
};

static const struct signal_name {
	const char *name;
	int number;
} names[] = {
	{"HUP", SIGHUP},
	{"USR1", SIGUSR1},
	{"USR2", SIGUSR2},
};

static const struct signal_name *find(const char *name, size_t size)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i].name) == size && strncmp(names[i].name, name, size) == 0)
			return &names[i];
	return NULL;
}

/* NULL where a name is there that is none of a signal */
static const struct signal_name *parse(const char *text, const char **path)
{
	const char *colon = strchr(text, ':'), *slash = strchr(text, '/');
	*path = text;
	if (colon == NULL || (slash != NULL && slash < colon))
		return &names[0];
	*path = colon + 1;
	return find(text, (size_t)(colon - text));
}

int process_signal_check(const char *text, struct fail *f)
{
	const char *path;
	if (parse(text, &path) != NULL && path[0] != '\0')
		return 0;
	fail_set(f, STATUS_USAGE, "--signal %.80s: not [NAME:]PIDFILE", text);
	return fail_hint(f, "the names are HUP (default), USR1 and USR2");
}

static int read_pid(const char *path, pid_t *pid, struct fail *f)
{
	struct text text = {0};
	char *end;
	int result = file_read(path, PID_FILE_MAX, &text, f);
	if (result == 0) {
		long number = strtol(text_string(&text), &end, 10);
		if (number > 1 && number <= INT32_MAX && end[strspn(end, " \r\n")] == '\0')
			*pid = (pid_t)number;
		else
			result = fail_set(f, STATUS_LATER, "no process number is in it");
	}
	text_release(&text);
	if (result == 0)
		return 0;
	if (!status_is_stop(f->status))
		f->status = STATUS_LATER; /* the service may be about to write it */
	return fail_wrap(f, "%s", path);
}

/* proc_pid_status(5): SigCgt is a mask in hex, of which bit 0 is signal 1 */
static bool catches(const char *status, int number)
{
	const char *line = strstr(status, "\nSigCgt:");
	if (line == NULL)
		return false;
	return (strtoull(line + strlen("\nSigCgt:"), NULL, 16) >> (number - 1) & 1) != 0;
}

static int check_process(pid_t pid, const struct signal_name *signal, struct fail *f)
{
	struct text text = {0};
	struct fail ignored;
	char *path = text_format("/proc/%ld/status", (long)pid);
	bool is_there = file_read(path, STATUS_MAX, &text, &ignored) == 0;
	bool caught = is_there && catches(text_string(&text), signal->number);
	text_release(&text);
	free(path);
	if (!is_there)
		return fail_set(f, STATUS_LATER, "process %ld: not running", (long)pid);
	if (!caught)
		return fail_set(f, STATUS_LATER, "process %ld: does not catch SIG%s", (long)pid,
			signal->name);
	return 0;
}

int process_signal_send(const char *text, struct fail *f)
{
	const char *path;
	const struct signal_name *signal = parse(text, &path);
	pid_t pid;
	if (read_pid(path, &pid, f) != 0)
		return -1;
	if (check_process(pid, signal, f) != 0)
		return fail_wrap(f, "%s", path);
	if (kill(pid, signal->number) == 0)
		return 0;
	fail_errno(
		f, errno == EPERM ? STATUS_DENIED : STATUS_LATER, "signal process %ld", (long)pid);
	return fail_wrap(f, "%s", path);
}
