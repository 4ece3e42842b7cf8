#include "base/panic.h"

#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

static panic_handler *last_words;

static void write_message(const char *text)
{
	char line[512];
	int size = snprintf(line, sizeof(line), "modelhook: %s\n", text);
	size_t kept = (size_t)size < sizeof(line) ? (size_t)size : sizeof(line) - 1;
	if (write(STDERR_FILENO, line, kept) < 0) {
		/* the exit status remains */
	}
}

static _Noreturn void end(enum status status, const char *text)
{
	panic_handler *handler = last_words;
	last_words = NULL;
	if (handler != NULL)
		handler(status, text);
	else
		write_message(text);
	_exit(status);
}

void panic_set_handler(panic_handler *handler)
{
	last_words = handler;
}

void panic_defect(const char *file, int line, const char *what)
{
	char text[512];
	snprintf(text, sizeof(text), "defect at %s:%d: %s does not hold", file, line, what);
	end(STATUS_DEFECT, text);
}

void panic_out_of_memory(void)
{
	end(STATUS_LATER, "out of memory");
}
