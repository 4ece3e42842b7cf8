#include "standing.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

void standing_release(struct standing *standing)
{
	registered_model_release(&standing->model);
	versions_release(&standing->versions);
	*standing = (struct standing){0};
}

struct version *standing_version(const struct standing *standing, int64_t number)
{
	for (size_t i = 0; i < standing->versions.count; i++)
		if (standing->versions.items[i].number == number)
			return &standing->versions.items[i];
	return NULL;
}

int64_t standing_alias(const struct standing *standing, const char *alias)
{
	for (size_t i = 0; i < standing->model.alias_count; i++)
		if (strcmp(standing->model.aliases[i].name, alias) == 0)
			return standing->model.aliases[i].version;
	return 0;
}

const char *version_text(char out[24], int64_t number)
{
	snprintf(out, 24, "%" PRId64, number);
	return out;
}

const char *version_tag(const struct version *version, const char *key)
{
	return tag_value(version->tags, version->tag_count, key);
}

bool standing_is_production(const struct standing *standing, const struct version *version)
{
	if (standing->stages)
		return text_equal(version->stage, STAGE_PRODUCTION);
	return standing_alias(standing, ALIAS_PRODUCTION) == version->number;
}

size_t standing_production_count(const struct standing *standing)
{
	size_t count = 0;
	for (size_t i = 0; i < standing->versions.count; i++)
		count += standing_is_production(standing, &standing->versions.items[i]);
	return count;
}

bool version_intent(const struct standing *standing, const struct version *version, int64_t *at_ms)
{
	const char *intent = version_tag(version, TAG_INTENT);
	if (intent != NULL)
		return clock_parse_rfc3339(intent, at_ms);
	*at_ms = version->created_ms;
	return standing_is_production(standing, version);
}

static bool is_candidate(
	const struct standing *standing, const struct version *version, int64_t *at_ms)
{
	return version_intent(standing, version, at_ms) &&
	       version_tag(version, TAG_WITHDRAWN) == NULL &&
	       version_tag(version, TAG_DUPLICATE) == NULL;
}

/* The candidate trained last, among those trained in (after, before); versions are sorted, so that
 * the highest number wins a tie. */
static const struct version *newest_between(
	const struct standing *standing, int64_t after, int64_t before, int64_t not_number)
{
	const struct version *newest = NULL;
	int64_t newest_at = 0;
	for (size_t i = 0; i < standing->versions.count; i++) {
		const struct version *version = &standing->versions.items[i];
		int64_t at;
		if (version->number == not_number || !is_candidate(standing, version, &at))
			continue;
		if (at <= after || at >= before || (newest != NULL && at < newest_at))
			continue;
		newest = version;
		newest_at = at;
	}
	return newest;
}

/* The decision's version and time; 0 where there is none, or it names no version that is there. */
static int64_t read_decision(const struct standing *standing, int64_t *at_ms)
{
	const char *text = tag_value(standing->model.tags, standing->model.tag_count, TAG_DECISION);
	cJSON *json = text != NULL ? cJSON_Parse(text) : NULL;
	const char *version =
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "version"));
	const char *at = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "at"));
	int64_t number = 0;
	if (version != NULL && at != NULL && clock_parse_rfc3339(at, at_ms))
		number = strtoll(version, NULL, 10);
	cJSON_Delete(json);
	return standing_version(standing, number) != NULL ? number : 0;
}

int64_t standing_winner(const struct standing *standing)
{
	int64_t decided_at = INT64_MIN;
	int64_t decided = read_decision(standing, &decided_at);
	const struct version *newest =
		newest_between(standing, decided != 0 ? decided_at : INT64_MIN, INT64_MAX, 0);
	return newest != NULL ? newest->number : decided;
}

/* Two trainings of one instant: the tie is broken as the winner's is, so the lower number comes
 * before. */
int64_t standing_previous(const struct standing *standing, int64_t winner)
{
	const struct version *version = standing_version(standing, winner);
	int64_t at;
	if (version == NULL)
		return 0;
	if (!version_intent(standing, version, &at))
		at = version->created_ms;
	const struct version *previous = newest_between(standing, INT64_MIN, at, winner);
	return previous != NULL ? previous->number : 0;
}

struct version *standing_find_digest(const struct standing *standing, const char *digest)
{
	for (size_t i = 0; i < standing->versions.count; i++)
		if (text_equal(version_tag(&standing->versions.items[i], TAG_DIGEST), digest))
			return &standing->versions.items[i];
	return NULL;
}

bool standing_is_settled(const struct standing *standing, bool stage, bool alias)
{
	int64_t winner = standing_winner(standing);
	const struct version *version = standing_version(standing, winner);
	if (version == NULL)
		return standing_production_count(standing) == 0;
	if (stage && !(standing_production_count(standing) == 1 &&
			     text_equal(version->stage, STAGE_PRODUCTION)))
		return false;
	if (!alias)
		return true;
	return standing_alias(standing, ALIAS_PRODUCTION) == winner &&
	       standing_alias(standing, ALIAS_PREVIOUS) == standing_previous(standing, winner);
}
