#include "kubernetes/observed.h"

#include <stdarg.h>
#include <stdio.h>

/* One body for the three, which differ in a word. */
#define FILL(made, format)                                                                         \
	do {                                                                                       \
		va_list arguments;                                                                 \
		va_start(arguments, format);                                                       \
		vsnprintf((made)->text, sizeof((made)->text), format, arguments);                  \
		va_end(arguments);                                                                 \
	} while (0)

struct observed observed_waiting(const char *format, ...)
{
	struct observed made = {.state = OBSERVED_WAITING};
	FILL(&made, format);
	return made;
}

struct observed observed_done(const char *format, ...)
{
	struct observed made = {.state = OBSERVED_DONE};
	FILL(&made, format);
	return made;
}

struct observed observed_failed(const char *format, ...)
{
	struct observed made = {.state = OBSERVED_FAILED};
	FILL(&made, format);
	return made;
}
