#include "settings/value.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "base/utf8.h"
#include "registry/options.h"
#include "settings/policy.h"
#include "store/options.h"

/* In the order of the enums. */
const char *const settings_promote_by_words[] = {"server", "stage", "alias", "both", NULL};
const char *const settings_policy_words[] = {"production", "staging", "none", NULL};

/* The index of value among words (NULL-terminated), or -1. */
static int choice(const char *const *words, const char *value)
{
	for (int i = 0; words[i] != NULL; i++)
		if (strcasecmp(words[i], value) == 0)
			return i;
	return -1;
}

static bool parse_flag(const char *value, bool *flag)
{
	static const char *const words[] = {"false", "true", "0", "1", NULL};
	int index = choice(words, value);
	*flag = index == 1 || index == 3;
	return index >= 0;
}

static bool parse_real(const char *value, double *real)
{
	char *end;
	*real = strtod(value, &end);
	return end != value && *end == '\0' && isfinite(*real) && *real >= 0;
}

static bool parse_seconds(const char *value, int64_t *ms)
{
	double seconds;
	if (!parse_real(value, &seconds) || seconds > 1e9 || seconds < 0.001)
		return false;
	*ms = (int64_t)(seconds * 1000);
	return true;
}

static bool parse_count(const char *value, int64_t *count)
{
	char *end;
	*count = strtoll(value, &end, 10);
	return end != value && *end == '\0' && *count >= 0 && *count <= 1000000;
}

static bool parse_parallel(const char *value, int64_t *count)
{
	return parse_count(value, count) && *count >= 1 && *count <= STORE_PARALLEL_MAX;
}

static bool parse_rate(const char *value, int64_t *rate)
{
	uint64_t bytes;
	if (!text_parse_bytes(value, &bytes) || bytes > INT64_MAX)
		return false;
	*rate = (int64_t)bytes;
	return true;
}

static bool parse_promote_by(const char *value, enum promote_by *by)
{
	int index = choice(settings_promote_by_words, value);
	if (index >= 0)
		*by = (enum promote_by)index;
	return index >= 0;
}

static bool parse_policy(const char *value, enum policy *policy)
{
	int index = choice(settings_policy_words, value);
	if (index >= 0)
		*policy = (enum policy)index;
	return index >= 0;
}

static void set_string(char **string, const char *value)
{
	char *copy = text_copy(value);
	free(*string);
	*string = copy;
}

/* What goes into tags must be what JSON can carry. */
static bool parse_string(const char *value, char **string)
{
	if (!utf8_is_valid(value, strlen(value)))
		return false;
	set_string(string, value);
	return true;
}

/* MLflow's own spelling, whatever the caller's. */
static bool parse_stage(const char *value, char **stage)
{
	static const char *const words[] = {"None", "Staging", "Production", "Archived", NULL};
	int index = choice(words, value);
	if (index >= 0)
		set_string(stage, words[index]);
	return index >= 0;
}

static bool parse_time(const char *value, char **time)
{
	int64_t unused;
	if (!clock_parse_rfc3339(value, &unused))
		return false;
	set_string(time, value);
	return true;
}

/* A URL is not taken for a folder of that name: nothing would ever be found there. */
static bool parse_path(const char *value, char **path)
{
	if (strstr(value, "://") != NULL)
		return false;
	set_string(path, value);
	return true;
}

/* A path is taken as it is meant now: what is told of it is read elsewhere, such as in a log. */
static bool parse_place(const char *value, char **place)
{
	if (!utf8_is_valid(value, strlen(value)))
		return false;
	char *absolute = value[0] == '\0' || strstr(value, "://") != NULL ? text_copy(value)
									  : file_absolute(value);
	free(*place);
	*place = absolute;
	return true;
}

bool settings_value_set(enum kind kind, void *at, const char *value)
{
	switch (kind) {
	case KIND_STRING:
		return parse_string(value, at);
	case KIND_PLACE:
		return parse_place(value, at);
	case KIND_STAGE:
		return parse_stage(value, at);
	case KIND_TIME:
		return parse_time(value, at);
	case KIND_PATH:
		return parse_path(value, at);
	case KIND_FLAG:
		return parse_flag(value, at);
	case KIND_DURATION:
		return clock_parse_duration(value, at);
	case KIND_SECONDS:
		return parse_seconds(value, at);
	case KIND_REAL:
		return parse_real(value, at);
	case KIND_COUNT:
		return parse_count(value, at);
	case KIND_PARALLEL:
		return parse_parallel(value, at);
	case KIND_RATE:
		return parse_rate(value, at);
	case KIND_PROMOTE_BY:
		return parse_promote_by(value, at);
	case KIND_POLICY:
		return parse_policy(value, at);
	}
	return false;
}

bool settings_value_is_string(enum kind kind)
{
	return kind == KIND_STRING || kind == KIND_PATH || kind == KIND_PLACE ||
	       kind == KIND_STAGE || kind == KIND_TIME;
}
