#include "base/console.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/env.h"
#include "base/escape.h"
#include "base/secret.h"
#include "base/stop.h"
#include "base/stream.h"
#include "base/text.h"

enum {
	LINE_SIZE = 2048,
	READER_WAIT_MS = 1000, /* for a reader of stderr */
	BYTES_KEPT = 64,       /* of a line besides its text */
};

static bool quiet;
static bool closed; /* the result line was written */
static bool cut;    /* stdout was not taken in time */
static bool bar_is_up;
static bool stalled;	 /* nobody took the last message in time */
static unsigned dropped; /* messages since then */
static pthread_mutex_t speaking = PTHREAD_MUTEX_INITIALIZER; /* stderr, and what stands above */
static pthread_mutex_t adding = PTHREAD_MUTEX_INITIALIZER;   /* to any progress */

void console_set_quiet(bool value)
{
	quiet = value;
}

bool console_is_quiet(void)
{
	return quiet;
}

bool console_is_terminal(void)
{
	return isatty(STDOUT_FILENO) == 1;
}

size_t console_columns(void)
{
	struct winsize size;
	if (!console_is_terminal())
		return 0;
	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

static bool colour(void)
{
	return console_is_terminal() && env_get(ENV_NO_COLOR) == NULL;
}

const char *console_bold(void)
{
	return colour() ? "\033[1m" : "";
}

const char *console_plain(void)
{
	return colour() ? "\033[0m" : "";
}

/* Nobody waits for a reader of messages twice: once it took too long, what finds no room is
 * dropped, until there is room again. */
static bool tell(const char *bytes, size_t size)
{
	bool told = stream_write(STDERR_FILENO, bytes, size, stalled ? 0 : READER_WAIT_MS);
	stalled = !told && errno == EAGAIN;
	dropped += stalled;
	return told;
}

static void tell_dropped(void)
{
	char line[BYTES_KEPT];
	unsigned count = dropped;
	if (count == 0)
		return;
	int size = snprintf(line, sizeof(line), "warning: %u messages dropped: not read\n", count);
	dropped = 0;
	if (!tell(line, (size_t)size))
		dropped = count;
}

static const char *clear_bar(void)
{
	const char *clear = bar_is_up ? "\r\033[K" : "";
	bar_is_up = false;
	return clear;
}

static void PRINTF_LIKE(2, 0) console_line(const char *start, const char *format, va_list arguments)
{
	char raw[2 * LINE_SIZE], line[LINE_SIZE], whole[LINE_SIZE + BYTES_KEPT];
	if (closed)
		return;
	vsnprintf(raw, sizeof(raw), format, arguments);
	escape_into(line, sizeof(line), raw, strlen(raw));
	pthread_mutex_lock(&speaking); /* several threads may have something to say */
	int size = snprintf(whole, sizeof(whole), "%s%s%s\n", clear_bar(), start, line);
	if (tell(whole, (size_t)size))
		tell_dropped();
	pthread_mutex_unlock(&speaking);
}

void console_say(const char *format, ...)
{
	if (quiet)
		return;
	va_list arguments;
	va_start(arguments, format);
	console_line("", format, arguments);
	va_end(arguments);
}

void console_warn(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	console_line("warning: ", format, arguments);
	va_end(arguments);
}

void console_error(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	console_line("modelhook: ", format, arguments);
	va_end(arguments);
}

static bool print(const char *bytes, size_t size)
{
	bool printed = stream_write(STDOUT_FILENO, bytes, size, stop_left());
	cut = cut || (!printed && errno == EAGAIN);
	return printed;
}

void console_print(const char *string)
{
	struct text text = {0};
	secret_redact(&text, string, strlen(string), false);
	if (!closed && !cut)
		print(text_string(&text), text.size);
	text_release(&text);
}

bool console_was_cut(void)
{
	return cut;
}

static void drop_bar(void)
{
	pthread_mutex_lock(&speaking);
	const char *clear = clear_bar();
	stream_write(STDERR_FILENO, clear, strlen(clear), 0);
	pthread_mutex_unlock(&speaking);
}

void console_result(const char *line)
{
	if (closed)
		return;
	drop_bar();
	struct text whole = {0};
	secret_redact(&whole, line, strlen(line), false);
	text_add(&whole, "\n", 1);
	if (!print(whole.data, whole.size))
		console_warn("the result line could not be written to stdout");
	text_release(&whole);
	closed = true;
}

bool console_can_ask(void)
{
	return isatty(STDIN_FILENO) == 1;
}

char *console_ask(const char *question)
{
	char *line = NULL;
	size_t size = 0;
	drop_bar();
	tell(question, strlen(question));
	if (!stream_wait_for_line(stop_left()))
		return NULL;
	ssize_t length = getline(&line, &size, stdin);
	if (length < 0) {
		free(line);
		return NULL;
	}
	line[strcspn(line, "\n")] = '\0';
	return line;
}

void progress_start(struct progress *progress, const char *what, uint64_t total)
{
	int64_t now = clock_monotonic_ms();
	*progress = (struct progress){.what = what, .total = total, .started = now, .printed = now};
}

static void progress_describe(const struct progress *progress, int64_t now, char *line, size_t size)
{
	const double mib = 1024.0 * 1024.0;
	double seconds = (double)(now - progress->started) / 1000.0;
	double rate = seconds > 0 ? (double)progress->done / seconds : 0;
	int used = snprintf(line, size, "%s: %.1f", progress->what, (double)progress->done / mib);
	if (progress->total > 0)
		used += snprintf(line + used, size - (size_t)used, " of %.1f",
			(double)progress->total / mib);
	used += snprintf(line + used, size - (size_t)used, " MiB, %.1f MiB/s", rate / mib);
	if (progress->total > progress->done && rate > 0)
		snprintf(line + used, size - (size_t)used, ", %.0f s left",
			(double)(progress->total - progress->done) / rate);
}

/* Without a total there is nothing to fill a bar up to. */
static void draw_bar(const struct progress *progress, const char *line)
{
	enum { WIDTH = 24 };
	char bar[WIDTH + 1], whole[256];
	uint64_t total = progress->total > 0 ? progress->total : UINT64_MAX;
	uint64_t done = progress->done < total ? progress->done : total;
	int filled = (int)((double)done / (double)total * WIDTH);
	memset(bar, '.', WIDTH);
	memset(bar, '#', (size_t)filled);
	bar[WIDTH] = '\0';
	int used = snprintf(whole, sizeof(whole), "\r\033[K[%s] %s", bar, line);
	pthread_mutex_lock(&speaking);
	bar_is_up = stream_write(STDERR_FILENO, whole, (size_t)used, 0);
	pthread_mutex_unlock(&speaking);
}

static void add(struct progress *progress, uint64_t bytes)
{
	progress->done += bytes;
	if (quiet || closed || progress->what == NULL)
		return;
	int64_t now = clock_monotonic_ms();
	if (now - progress->printed < 200)
		return;
	bool terminal = isatty(STDERR_FILENO) == 1;
	if (!terminal && now - progress->printed < 5000)
		return;
	char line[160];
	progress->printed = now;
	progress->shown = true;
	progress_describe(progress, now, line, sizeof(line));
	if (terminal)
		draw_bar(progress, line);
	else
		console_say("%s", line);
}

void progress_add(struct progress *progress, uint64_t bytes)
{
	pthread_mutex_lock(&adding);
	add(progress, bytes);
	pthread_mutex_unlock(&adding);
}

void progress_end(struct progress *progress)
{
	char line[160];
	drop_bar();
	if (progress->shown) {
		progress_describe(progress, clock_monotonic_ms(), line, sizeof(line));
		console_say("%s", line);
	}
	*progress = (struct progress){0};
}
