#include "base/fail.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/console.h"

static void (*last_words)(const struct fail *f);

static int fail_fill(struct fail *f, enum status status, const char *format, va_list arguments)
{
	*f = (struct fail){.status = status};
	vsnprintf(f->text, sizeof(f->text), format, arguments);
	return -1;
}

int fail_set(struct fail *f, enum status status, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fail_fill(f, status, format, arguments);
	va_end(arguments);
	return -1;
}

int fail_errno(struct fail *f, enum status status, const char *format, ...)
{
	int os = errno;
	va_list arguments;
	va_start(arguments, format);
	fail_fill(f, status, format, arguments);
	va_end(arguments);
	f->os = os;
	size_t used = strlen(f->text);
	snprintf(f->text + used, sizeof(f->text) - used, ": %s", strerror(os));
	return -1;
}

int fail_in(struct fail *f, const char *format, ...)
{
	char inner[sizeof(f->text)];
	memcpy(inner, f->text, sizeof(inner));
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(f->text, sizeof(f->text), format, arguments);
	va_end(arguments);
	size_t used = strlen(f->text);
	snprintf(f->text + used, sizeof(f->text) - used, ": %s", inner);
	return -1;
}

int fail_hint(struct fail *f, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(f->hint, sizeof(f->hint), format, arguments);
	va_end(arguments);
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

void fail_last_words(void (*say)(const struct fail *f))
{
	last_words = say;
}

static _Noreturn void fail_end(struct fail *f)
{
	void (*say)(const struct fail *) = last_words;
	last_words = NULL;
	console_error("%s", f->text);
	if (say != NULL)
		say(f);
	_exit(f->status);
}

void fail_defect(const char *file, int line, const char *what)
{
	struct fail f;
	fail_set(&f, STATUS_DEFECT, "defect at %s:%d: %s does not hold", file, line, what);
	fail_end(&f);
}

void fail_out_of_memory(void)
{
	struct fail f;
	fail_set(&f, STATUS_LATER, "out of memory");
	fail_end(&f);
}
