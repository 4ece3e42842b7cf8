#include "packaging/savedmodel/tensorflow_version.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

#define DIGITS_MAX 4 /* of a number in a version */
#define PLAIN "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.+_-"

/* "2.9.0-dev20220227": three numbers, and what stands behind them without its separator. */
struct version {
	unsigned numbers[3];
	const char *rest;
	bool has_rest;
};

static bool take_number(const char **at, unsigned *number)
{
	size_t size = strspn(*at, "0123456789");
	if (size == 0 || size > DIGITS_MAX)
		return false;
	*number = (unsigned)strtoul(*at, NULL, 10);
	*at += size;
	return true;
}

static bool parse(const char *text, struct version *version)
{
	const char *at = text + (text[0] == 'v');
	if (text[strspn(text, PLAIN)] != '\0')
		return false;
	if (!take_number(&at, &version->numbers[0]))
		return false;
	for (int i = 1; i < 3; i++) {
		version->numbers[i] = 0;
		if (*at != '.' && i == 2)
			break; /* "2.9" is 2.9.0 */
		if (*at++ != '.' || !take_number(&at, &version->numbers[i]))
			return false;
	}
	version->has_rest = *at != '\0';
	version->rest = at + (*at != '\0' && strchr(".-_", *at) != NULL);
	return true;
}

/* How a release before or after the final one is called: by people, and by indexes (PEP 440). */
static const struct {
	const char *said, *normal;
} stages[] = {
	{"alpha", "a"},
	{"beta", "b"},
	{"preview", "rc"},
	{"pre", "rc"},
	{"rc", "rc"},
	{"a", "a"},
	{"b", "b"},
	{"c", "rc"},
	{"post", ".post"},
};

/* "rc1", "-rc1", "rc.1": the index has 2.16.0rc1. */
static char *staged_release(const struct version *version)
{
	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
		size_t size = strlen(stages[i].said);
		if (strncasecmp(version->rest, stages[i].said, size) != 0)
			continue;
		const char *at = version->rest + size;
		unsigned number;
		at += *at != '\0' && strchr(".-_", *at) != NULL;
		if (!take_number(&at, &number) || *at != '\0')
			continue;
		return text_format("tensorflow==%u.%u.%u%s%u", version->numbers[0],
			version->numbers[1], version->numbers[2], stages[i].normal, number);
	}
	return NULL;
}

/* A build of something between two releases: a nightly one, or one of a checkout. */
static bool is_development(const struct version *version)
{
	return strncasecmp(version->rest, "dev", 3) == 0 || strstr(version->rest, "-g") != NULL ||
	       isdigit((unsigned char)version->rest[0]);
}

/* The line before may be the last that is released. */
static char *nearest(const struct version *version)
{
	unsigned major = version->numbers[0], minor = version->numbers[1];
	return text_format("tensorflow>=%u.%u,<%u", major, minor > 0 ? minor - 1 : 0, major + 1);
}

static char *replaced(const struct version *version, const char *text, const char **why)
{
	char *staged = staged_release(version);
	if (staged != NULL) {
		if (!text_ends_with(staged, text))
			*why = "a release that indexes call otherwise";
		return staged;
	}
	if (is_development(version)) {
		*why = "a development build, which no index keeps";
		return nearest(version);
	}
	*why = "a build of its own, which no index has";
	return text_format("tensorflow==%u.%u.%u", version->numbers[0], version->numbers[1],
		version->numbers[2]);
}

char *tensorflow_requirement(const char *text, const char **why)
{
	struct version version;
	*why = NULL;
	if (text == NULL || !parse(text, &version)) {
		*why = "not a version of TensorFlow";
		return text_copy("tensorflow");
	}
	if (version.numbers[0] < 2) {
		*why = "TensorFlow 1, which no Python of today can install";
		return text_copy("tensorflow>=2,<3");
	}
	if (version.has_rest)
		return replaced(&version, text, why);
	return text_format(
		"tensorflow==%u.%u.%u", version.numbers[0], version.numbers[1], version.numbers[2]);
}
