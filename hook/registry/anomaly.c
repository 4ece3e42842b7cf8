#include "registry/anomaly.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/escape.h"
#include "base/memory.h"
#include "base/text.h"
#include "mlflow/types.h"
#include "packaging/json/json.h"
#include "packaging/json/note.h"
#include "registry/tags.h"

void anomalies_add(struct anomalies *anomalies, const char *kind, char *text)
{
	anomalies->items =
		memory_grow(anomalies->items, anomalies->count + 1, sizeof(*anomalies->items));
	anomalies->items[anomalies->count++] = (struct anomaly){.kind = kind, .text = text};
}

static void find_several(const struct registry_state *state, struct anomalies *anomalies)
{
	struct text text = {0};
	text_add_string(&text, "several versions are Production:");
	for (size_t i = 0; i < state->versions.count; i++)
		if (state_is_production(state, &state->versions.items[i]))
			text_printf(&text, " %lld", (long long)state->versions.items[i].number);
	anomalies_add(anomalies, "several_production", text_take(&text));
}

static bool ought_to_have_one(const struct registry_state *state, int64_t winner)
{
	if (winner != 0 || state_alias(state, ALIAS_PRODUCTION) != 0)
		return true;
	for (size_t i = 0; i < state->versions.count; i++) {
		const struct version *version = &state->versions.items[i];
		if (text_equal(version->stage, STAGE_ARCHIVED) &&
			version_tag(version, TAG_WITHDRAWN) == NULL)
			return true;
	}
	return false;
}

static void find_wrong_production(
	const struct registry_state *state, int64_t winner, struct anomalies *anomalies)
{
	const struct version *version = state_version(state, winner);
	size_t count = state_production_count(state);
	if (count > 1)
		find_several(state, anomalies);
	else if (count == 0 && ought_to_have_one(state, winner))
		anomalies_add(anomalies, "no_production", text_copy("no version is Production"));
	if (version != NULL && count > 0 && !state_is_production(state, version))
		anomalies_add(anomalies, "not_the_winner",
			text_format(
				"version %lld should be Production and is not", (long long)winner));
}

/* Its promoter meant to set the alias next: the last entry of its history names it. */
static bool was_to_have_alias(const struct version *version)
{
	const char *text = version != NULL ? version_tag(version, TAG_HISTORY) : NULL;
	struct cJSON *list = json_parse_note(text);
	const struct cJSON *last = json_last_item(list);
	bool named = text_equal(json_find_string(last, "alias"), ALIAS_PRODUCTION);
	json_release(list);
	return named;
}

static void find_alias_apart(
	const struct registry_state *state, int64_t winner, struct anomalies *anomalies)
{
	int64_t alias = state_alias(state, ALIAS_PRODUCTION);
	if (alias == winner)
		return;
	if (alias == 0) {
		/* else whoever promotes here does not use them */
		if (was_to_have_alias(state_version(state, winner)))
			anomalies_add(anomalies, "alias_apart",
				text_format("alias %s is not set, it should be version %lld",
					ALIAS_PRODUCTION, (long long)winner));
		return;
	}
	if (winner == 0)
		anomalies_add(anomalies, "alias_apart",
			text_format("alias %s is version %lld, and none should be Production",
				ALIAS_PRODUCTION, (long long)alias));
	else
		anomalies_add(anomalies, "alias_apart",
			text_format("alias %s is version %lld, it should be version %lld",
				ALIAS_PRODUCTION, (long long)alias, (long long)winner));
}

/* A promoter of ours that was killed between the two aliases. Who sets the first one alone, by
 * other means, leaves no history. */
static void find_previous_apart(
	const struct registry_state *state, int64_t winner, struct anomalies *anomalies)
{
	const struct version *version = state_version(state, winner);
	int64_t alias = state_alias(state, ALIAS_PREVIOUS);
	int64_t previous = state_previous(state, winner);
	if (version == NULL || state_alias(state, ALIAS_PRODUCTION) != winner ||
		version_tag(version, TAG_HISTORY) == NULL || alias == previous)
		return;
	if (previous == 0)
		anomalies_add(anomalies, "alias_apart",
			text_format("alias %s is version %lld, and there is none to go back to",
				ALIAS_PREVIOUS, (long long)alias));
	else
		anomalies_add(anomalies, "alias_apart",
			text_format("alias %s is not version %lld, where a rollback goes",
				ALIAS_PREVIOUS, (long long)previous));
}

static void find_in_version(const struct registry_state *state, const struct version *version,
	struct anomalies *anomalies)
{
	long long number = version->number;
	const char *digest = version_tag(version, TAG_DIGEST);
	if (!version_is_ready(version) && version_tag(version, TAG_WITHDRAWN) == NULL) {
		char status[64];
		escape_into(status, sizeof(status), version->status, strlen(version->status));
		anomalies_add(
			anomalies, "not_ready", text_format("version %lld is %s", number, status));
	}
	if (digest == NULL || version_is_duplicate(state, version))
		return;
	const struct version *first = state_find_digest(state, digest);
	if (first != version)
		anomalies_add(anomalies, "duplicate",
			text_format("version %lld is the same package as version %lld", number,
				(long long)first->number));
}

void anomalies_find(const struct registry_state *state, bool aliases, struct anomalies *anomalies)
{
	int64_t winner = state_desired_version(state);
	*anomalies = (struct anomalies){0};
	find_wrong_production(state, winner, anomalies);
	if (aliases && state->stages)
		find_alias_apart(state, winner, anomalies);
	/* where more is wrong, what was Production before is not certain */
	if (aliases && anomalies->count == 0)
		find_previous_apart(state, winner, anomalies);
	for (size_t i = 0; i < state->versions.count; i++)
		find_in_version(state, &state->versions.items[i], anomalies);
}

void anomalies_find_stale(
	const struct registry_state *state, int64_t before_ms, struct anomalies *anomalies)
{
	for (size_t i = 0; i < state->versions.count; i++) {
		const struct version *version = &state->versions.items[i];
		const char *trained = version_tag(version, TAG_TRAINED_AT);
		int64_t at = version->created_ms;
		char text[32];
		if (!state_is_production(state, version))
			continue;
		if (trained != NULL && !clock_parse_rfc3339(trained, &at))
			at = version->created_ms;
		clock_format_rfc3339(text, at);
		if (at < before_ms)
			anomalies_add(anomalies, "stale",
				text_format("version %lld was trained at %s",
					(long long)version->number, text));
	}
}

void anomalies_release(struct anomalies *anomalies)
{
	for (size_t i = 0; i < anomalies->count; i++)
		free(anomalies->items[i].text);
	free(anomalies->items);
	*anomalies = (struct anomalies){0};
}
