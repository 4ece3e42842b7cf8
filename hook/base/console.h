/* console - the one door to stdout and stderr.
 *
 * stderr is for people: messages, warnings, progress. stdout is for what was asked for: tables,
 * JSON, and last of all the result line, after which nothing is written to either stream (Airflow
 * merges the two and keeps the last line). Colour and the progress bar are for terminals only;
 * NO_COLOR is honoured. No reader holds the program up (base/stream.h): a message waits for a
 * second at most, progress not at all, stdout until the stop or the deadline of base/stop.h. What
 * goes to stderr is escaped here (escape_into); for stdout the caller escapes what came from
 * outside (escape_add).
 */
#ifndef MODELHOOK_BASE_CONSOLE_H
#define MODELHOOK_BASE_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"

void console_set_quiet(bool quiet); /* no messages and no progress; warnings and errors stay */
bool console_is_quiet(void);

void console_say(const char *format, ...) PRINTF_LIKE(1, 2);   /* stderr, unless quiet */
void console_warn(const char *format, ...) PRINTF_LIKE(1, 2);  /* stderr, "warning: ..." */
void console_error(const char *format, ...) PRINTF_LIKE(1, 2); /* stderr, "modelhook: ..." */

/* console_print - text to stdout, without secrets */
void console_print(const char *string);

/* console_was_cut - stdout was not read until the deadline, or until a stop was asked for: what was
 * asked for is not all there */
bool console_was_cut(void);

/* console_result - the last line of all to stdout; every later call of any console function is
 * ignored */
void console_result(const char *line);

/* console_can_ask - stdin is a terminal: somebody is there to answer */
bool console_can_ask(void);

/* console_ask - print a question to stderr and read a line from stdin; the caller frees it; NULL
 * where none came */
char *console_ask(const char *question);

/* console_bold - "\033[1m" or "" and console_plain - its end, for stderr or stdout as it is a
 * terminal */
const char *console_bold(void);
const char *console_plain(void);
bool console_is_terminal(void); /* stdout is one */

/* console_columns - the width of that terminal, 0 where stdout is none: nothing need be cut */
size_t console_columns(void);

/* progress - how far a long step is: a bar with rate and time left on a terminal, else a line every
 * 5 s. {0} is one that was not started: updates of it print nothing. Several threads may add to it.
 */
struct progress {
	const char *what; /* borrowed: "upload", "inspect" */
	uint64_t total;	  /* bytes, 0 = unknown */
	uint64_t done;
	int64_t started;
	int64_t printed;
	bool shown;
};

void progress_start(struct progress *progress, const char *what, uint64_t total);
void progress_add(struct progress *progress, uint64_t bytes);
void progress_end(struct progress *progress);

#endif
