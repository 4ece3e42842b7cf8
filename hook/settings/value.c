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
const char *const settings_new_model_words[] = {"allow", "refuse", NULL};
const char *const settings_verify_words[] = {"full", "size", NULL};
static const char *const stage_words[] = {"None", "Staging", "Production", "Archived", NULL};

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

static bool parse_new_model(const char *value, enum new_model *new_model)
{
	int index = choice(settings_new_model_words, value);
	if (index >= 0)
		*new_model = (enum new_model)index;
	return index >= 0;
}

static bool parse_verify(const char *value, enum store_verify *verify)
{
	int index = choice(settings_verify_words, value);
	if (index >= 0)
		*verify = (enum store_verify)index;
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
	int index = choice(stage_words, value);
	if (index >= 0)
		set_string(stage, stage_words[index]);
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
	case KIND_NEW_MODEL:
		return parse_new_model(value, at);
	case KIND_VERIFY:
		return parse_verify(value, at);
	}
	return false;
}

const char *settings_value_takes(enum kind kind)
{
	switch (kind) {
	case KIND_STRING:
		return "a string in UTF-8";
	case KIND_PLACE:
		return "a path or a URL in UTF-8";
	case KIND_STAGE:
		return "None, Staging, Production or Archived";
	case KIND_TIME:
		return "a time such as 2026-11-28T18:00:00Z";
	case KIND_PATH:
		return "a path on this machine";
	case KIND_FLAG:
		return "true or false";
	case KIND_DURATION:
		return "a time such as 90s, 36h or 7d";
	case KIND_SECONDS:
		return "a number of seconds, 0.001 to 1000000000";
	case KIND_REAL:
		return "a number, 0 or more";
	case KIND_COUNT:
		return "a whole number, 0 to 1000000";
	case KIND_PARALLEL:
		return "a whole number, 1 to 64";
	case KIND_RATE:
		return "a number of bytes such as 500K, 10M or 1G";
	case KIND_PROMOTE_BY:
		return "server, stage, alias or both";
	case KIND_POLICY:
		return "production, staging or none";
	case KIND_NEW_MODEL:
		return "allow or refuse";
	case KIND_VERIFY:
		return "full or size";
	}
	return "a value that it takes";
}

const char *const *settings_value_words(enum kind kind)
{
	switch (kind) {
	case KIND_STAGE:
		return stage_words;
	case KIND_PROMOTE_BY:
		return settings_promote_by_words;
	case KIND_POLICY:
		return settings_policy_words;
	case KIND_NEW_MODEL:
		return settings_new_model_words;
	case KIND_VERIFY:
		return settings_verify_words;
	default:
		return NULL;
	}
}

bool settings_value_is_public(enum kind kind)
{
	return kind != KIND_STRING && kind != KIND_PATH && kind != KIND_PLACE;
}

bool settings_value_is_string(enum kind kind)
{
	return kind == KIND_STRING || kind == KIND_PATH || kind == KIND_PLACE ||
	       kind == KIND_STAGE || kind == KIND_TIME;
}
