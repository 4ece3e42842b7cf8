#include "mlflow/header_file.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/text.h"

#define FILE_MAX (64 << 10)
#define NAME_CHARACTERS                                                                            \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~"

static bool is_own(const char *line, size_t size)
{
	static const char *const names[] = {"Host", "Content-Length", "Content-Type",
		"Transfer-Encoding", "Connection", "Expect", "Accept-Encoding", "TE", "Upgrade",
		"X-MLFLOW-WORKSPACE"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == size && strncasecmp(line, names[i], size) == 0)
			return true;
	return false;
}

static bool is_there(const struct http_lines *lines, const char *line, size_t size)
{
	for (size_t i = 0; i < lines->count; i++)
		if (strncasecmp(lines->lines[i], line, size) == 0 && lines->lines[i][size] == ':')
			return true;
	return false;
}

/* size: of the name */
static int check_name(const char *line, size_t size, bool has_login, const struct http_lines *lines,
	struct fail *f)
{
	if (is_own(line, size))
		return fail_set(
			f, STATUS_CONFIGURATION, "%.*s is not to be set here", (int)size, line);
	if (is_there(lines, line, size))
		return fail_set(f, STATUS_CONFIGURATION, "%.*s is there twice", (int)size, line);
	if (has_login && size == 13 && strncasecmp(line, "Authorization", size) == 0) {
		fail_set(f, STATUS_CONFIGURATION,
			"Authorization is there, and other credentials too");
		return fail_hint(f, "unset the other credentials (MLFLOW_TRACKING_USERNAME, "
				    "MLFLOW_TRACKING_TOKEN, .netrc, ...), or take the line out");
	}
	return 0;
}

static bool is_plain(const char *value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (((unsigned char)value[i] < 0x20 && value[i] != '\t') || value[i] == 0x7f)
			return false;
	return true;
}

static int read_line(
	const char *line, size_t size, bool has_login, struct http_lines *lines, struct fail *f)
{
	const char *colon = memchr(line, ':', size);
	size_t name = colon != NULL ? (size_t)(colon - line) : 0;
	if (name == 0 || strspn(line, NAME_CHARACTERS) != name)
		return fail_set(f, STATUS_CONFIGURATION, "not a line \"Name: value\"");
	if (check_name(line, name, has_login, lines, f) != 0)
		return -1;
	if (!is_plain(line, size))
		return fail_set(f, STATUS_CONFIGURATION, "the value holds a control character");
	if (lines->count == HEADER_FILE_LINES_MAX)
		return fail_set(
			f, STATUS_CONFIGURATION, "more than %d headers", HEADER_FILE_LINES_MAX);
	char *value = text_trimmed(colon + 1, size - name - 1);
	if (value[0] == '\0') {
		free(value);
		return fail_set(f, STATUS_CONFIGURATION, "%.*s has no value", (int)name, line);
	}
	http_lines_add(lines, text_format("%.*s: %s", (int)name, line, value));
	explicit_bzero(value, strlen(value));
	free(value);
	return 0;
}

int header_file_parse(
	const char *text, size_t size, bool has_login, struct http_lines *lines, struct fail *f)
{
	const char *end = text + size;
	for (int number = 1; text < end; number++) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		size_t length = (size_t)((stop != NULL ? stop : end) - text);
		size_t shown = length > 0 && text[length - 1] == '\r' ? length - 1 : length;
		if (shown > 0 && text[0] != '#' && read_line(text, shown, has_login, lines, f) != 0)
			return fail_wrap(f, "line %d", number);
		text += length + 1;
	}
	return 0;
}

int header_file_read(const char *path, bool has_login, struct http_lines *lines, struct fail *f)
{
	struct text text = {0};
	int result = file_read(path, FILE_MAX, &text, f);
	if (result == 0) {
		result = header_file_parse(text_string(&text), text.size, has_login, lines, f);
		if (result != 0)
			fail_wrap(f, "%s", path);
	}
	if (result != 0) {
		f->status = STATUS_CONFIGURATION;
		fail_wrap(f, "MODELHOOK_HEADER_FILE");
	}
	if (text.data != NULL)
		explicit_bzero(text.data, text.capacity);
	text_release(&text);
	return result;
}
