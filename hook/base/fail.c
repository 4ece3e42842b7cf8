#include "base/fail.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "base/signals.h"

/* Longer than what is kept, so that a character cut here is never seen there. */
enum { RAW_SIZE = 2 * sizeof(((struct fail *)NULL)->text) };

/* Whatever came from outside, f holds one printable line, cut between two characters. */
static void fail_keep(struct fail *f, const char *raw)
{
	escape_into(f->text, sizeof(f->text), raw, strlen(raw));
}

int fail_set(struct fail *f, enum status status, const char *format, ...)
{
	char raw[RAW_SIZE];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(raw, sizeof(raw), format, arguments);
	va_end(arguments);
	*f = (struct fail){.status = status};
	fail_keep(f, raw);
	return -1;
}

/* Put ": WHAT" behind what raw holds. */
static void add_behind(char raw[RAW_SIZE], const char *what)
{
	size_t used = strlen(raw);
	snprintf(raw + used, RAW_SIZE - used, ": %s", what);
}

int fail_errno(struct fail *f, enum status status, const char *format, ...)
{
	int os = errno, asked = signals_asked();
	char raw[RAW_SIZE];
	va_list arguments;
	if (os == EINTR && asked != 0)
		return fail_stopped(f, asked);
	va_start(arguments, format);
	vsnprintf(raw, sizeof(raw), format, arguments);
	va_end(arguments);
	add_behind(raw, strerror(os));
	*f = (struct fail){.status = status, .os = os};
	fail_keep(f, raw);
	return -1;
}

int fail_stopped(struct fail *f, int signal)
{
	if (signal == SIGINT)
		return fail_set(f, STATUS_INTERRUPTED, "stopped by SIGINT");
	return fail_set(f, STATUS_TERMINATED, "stopped by SIGTERM");
}

int fail_wrap(struct fail *f, const char *format, ...)
{
	char raw[RAW_SIZE];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(raw, sizeof(raw), format, arguments);
	va_end(arguments);
	add_behind(raw, f->text);
	fail_keep(f, raw);
	return -1;
}

int fail_hint(struct fail *f, const char *format, ...)
{
	char raw[RAW_SIZE];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(raw, sizeof(raw), format, arguments);
	va_end(arguments);
	escape_into(f->hint, sizeof(f->hint), raw, strlen(raw));
	return -1;
}

enum status fail_output_status(int os)
{
	switch (os) {
	case ENOENT:
	case ENOTDIR:
	case ENAMETOOLONG:
		return STATUS_MISSING;
	case EACCES:
	case EPERM:
	case EROFS:
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
	case EIO:
	default:
		return STATUS_DISK;
	}
}

enum status fail_input_status(int os)
{
	switch (os) {
	case ENOENT:
	case ENOTDIR:
		return STATUS_MISSING;
	case EIO:
	case ESTALE:
	case EMFILE:
	case ENFILE:
		return STATUS_DISK;
	default:
		return STATUS_UNACCEPTABLE;
	}
}
