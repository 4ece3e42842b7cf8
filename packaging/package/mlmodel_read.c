#include "packaging/package/mlmodel_read.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"
#define FLAVOR_MAX 100
#define ANY_PYTHON "python_function"

struct line {
	const char *start;
	size_t size;
	size_t indent;
};

static bool next_line(const char **at, const char *end, struct line *line)
{
	if (*at == end)
		return false;
	const char *stop = memchr(*at, '\n', (size_t)(end - *at));
	stop = stop != NULL ? stop : end;
	*line = (struct line){.start = *at, .size = (size_t)(stop - *at)};
	while (line->indent < line->size && line->start[line->indent] == ' ')
		line->indent++;
	*at = stop < end ? stop + 1 : end;
	return true;
}

/* Whether the line begins a mapping of its own: "KEY:" and nothing behind it. */
static bool opens(const struct line *line, const char *key)
{
	size_t size = strlen(key);
	return line->size == size + 1 && memcmp(line->start, key, size) == 0 &&
	       line->start[size] == ':';
}

/* The key of a line, or NULL; the caller frees it. */
static char *key_of(const struct line *line)
{
	const char *start = line->start + line->indent, *end = line->start + line->size,
		   *at = start;
	while (at < end && strchr(PLAIN, *at) != NULL && *at != '\0')
		at++;
	if (at == start || at == end || *at != ':' || at - start > FLAVOR_MAX)
		return NULL;
	return text_format("%.*s", (int)(at - start), start);
}

static void take_flavor(struct mlmodel_facts *facts, const struct line *line)
{
	char *key = key_of(line);
	if (key != NULL && (facts->framework == NULL || (text_equal(facts->framework, ANY_PYTHON) &&
								!text_equal(key, ANY_PYTHON)))) {
		free(facts->framework);
		facts->framework = key;
		return;
	}
	free(key);
}

void mlmodel_read_facts(const char *text, size_t size, struct mlmodel_facts *facts)
{
	const char *at = text, *end = text + size;
	struct line line;
	bool in_flavors = false, in_signature = false;
	size_t indent = 0;
	*facts = (struct mlmodel_facts){0};
	while (next_line(&at, end, &line)) {
		if (line.indent == 0) {
			in_flavors = opens(&line, "flavors");
			in_signature = opens(&line, "signature");
			indent = 0;
			continue;
		}
		facts->has_signature |= in_signature && line.size > line.indent;
		indent = indent == 0 ? line.indent : indent;
		if (in_flavors && line.indent == indent)
			take_flavor(facts, &line);
	}
}

void mlmodel_facts_release(struct mlmodel_facts *facts)
{
	free(facts->framework);
	*facts = (struct mlmodel_facts){0};
}
