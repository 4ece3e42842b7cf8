#include "registry/state.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "mlflow/types.h"
#include "packaging/json/json.h"
#include "packaging/json/note.h"
#include "registry/entries.h"
#include "registry/tags.h"

void state_release(struct registry_state *state)
{
	registered_model_release(&state->model);
	versions_release(&state->versions);
	*state = (struct registry_state){0};
}

struct version *state_version(const struct registry_state *state, int64_t number)
{
	for (size_t i = 0; i < state->versions.count; i++)
		if (state->versions.items[i].number == number)
			return &state->versions.items[i];
	return NULL;
}

int64_t state_alias(const struct registry_state *state, const char *alias)
{
	for (size_t i = 0; i < state->model.alias_count; i++)
		if (strcmp(state->model.aliases[i].name, alias) == 0)
			return state->model.aliases[i].version;
	return 0;
}

static size_t add_unlisted(
	const struct registry_state *state, int64_t number, int64_t *numbers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (numbers[i] == number)
			return count;
	if (number != 0 && count < UNLISTED_MAX && state_version(state, number) == NULL)
		numbers[count++] = number;
	return count;
}

size_t state_unlisted(const struct registry_state *state, int64_t numbers[UNLISTED_MAX])
{
	const struct registered_model *model = &state->model;
	size_t count = add_unlisted(state, state_alias(state, ALIAS_PRODUCTION), numbers, 0);
	count = add_unlisted(state, state_alias(state, ALIAS_PREVIOUS), numbers, count);
	for (size_t i = 0; i < model->latest_count; i++)
		count = add_unlisted(state, model->latest[i].version, numbers, count);
	return count;
}

const char *version_tag(const struct version *version, const char *key)
{
	return tag_value(version->tags, version->tag_count, key);
}

bool state_is_production(const struct registry_state *state, const struct version *version)
{
	if (state->stages)
		return text_equal(version->stage, STAGE_PRODUCTION);
	return state_alias(state, ALIAS_PRODUCTION) == version->number;
}

size_t state_production_count(const struct registry_state *state)
{
	size_t count = 0;
	for (size_t i = 0; i < state->versions.count; i++)
		count += state_is_production(state, &state->versions.items[i]);
	return count;
}

static bool read_intent(const struct version *version, int64_t *at_ms)
{
	const char *intent = version_tag(version, TAG_INTENT);
	return intent != NULL && clock_parse_rfc3339(intent, at_ms);
}

bool version_is_unmanaged(const struct registry_state *state, const struct version *version)
{
	int64_t at;
	return state_is_production(state, version) && !read_intent(version, &at);
}

bool version_intent(
	const struct registry_state *state, const struct version *version, int64_t *at_ms)
{
	if (read_intent(version, at_ms))
		return true;
	*at_ms = version->created_ms;
	return state_is_production(state, version);
}

/* A version number as MLflow spells it, to the letter; 0 for anything else. */
static int64_t parse_number(const char *text)
{
	char spelled[24];
	int64_t number = strtoll(text, NULL, 10);
	return strcmp(text_number(spelled, number), text) == 0 ? number : 0;
}

bool version_is_duplicate(const struct registry_state *state, const struct version *version)
{
	const char *tag = version_tag(version, TAG_DUPLICATE);
	const struct version *first = tag != NULL ? state_version(state, parse_number(tag)) : NULL;
	return first != NULL && first != version;
}

/* Marked or not yet: a create that the server carried out after its caller had stopped asking. */
static bool is_registered_before(const struct registry_state *state, const struct version *version)
{
	const char *digest = version_tag(version, TAG_DIGEST);
	return digest != NULL && state_find_digest(state, digest) != version;
}

bool version_is_ready(const struct version *version)
{
	return version->status == NULL || strcmp(version->status, "READY") == 0;
}

static bool is_candidate(
	const struct registry_state *state, const struct version *version, int64_t *at_ms)
{
	return version_intent(state, version, at_ms) && version_is_ready(version) &&
	       version_tag(version, TAG_WITHDRAWN) == NULL &&
	       !version_is_duplicate(state, version) && !is_registered_before(state, version);
}

/* Where a version stands in the order of training; of one instant, the higher number is newer. */
struct place {
	int64_t at;
	int64_t number;
};

static bool is_newer(struct place a, struct place b)
{
	return a.at != b.at ? a.at > b.at : a.number > b.number;
}

/* What a version's own history says: it was Production, or its place there was taken. *any false:
 * it keeps none. */
static bool history_tells_production(const struct version *version, bool *any)
{
	struct cJSON *list = entries_read(version->tags, version->tag_count, TAG_HISTORY);
	bool served = false;
	for (const struct cJSON *entry = json_first_item(list); entry != NULL;
		entry = json_next_item(entry))
		served = served || text_equal(json_find_string(entry, "to"), STAGE_PRODUCTION) ||
			 json_find(entry, "for") != NULL;
	*any = json_first_item(list) != NULL;
	json_release(list);
	return served;
}

/* Whether a version was ever Production. A training that was overtaken before it could be promoted
 * never left the stage None; one that a person archived without that has a history that tells so.
 * Whom others archived, who keep none, was most likely Production. */
static bool has_served(const struct registry_state *state, const struct version *version)
{
	bool any;
	if (state_is_production(state, version))
		return true;
	if (state->stages && !text_equal(version->stage, STAGE_ARCHIVED))
		return false;
	return history_tells_production(version, &any) || (state->stages && !any);
}

static const struct version *newest_between(const struct registry_state *state, struct place after,
	struct place before, bool served_only)
{
	const struct version *newest = NULL;
	struct place newest_at = after;
	for (size_t i = 0; i < state->versions.count; i++) {
		const struct version *version = &state->versions.items[i];
		struct place at = {.number = version->number};
		if (!is_candidate(state, version, &at.at) ||
			(served_only && !has_served(state, version)))
			continue;
		if (!is_newer(at, newest_at) || !is_newer(before, at))
			continue;
		newest = version;
		newest_at = at;
	}
	return newest;
}

static struct cJSON *parse_decision(const struct registry_state *state)
{
	const char *text = tag_value(state->model.tags, state->model.tag_count, TAG_DECISION);
	return json_parse_note(text);
}

/* The decision's version and time; 0 where there is none, or it names no version that is there and
 * was not withdrawn since. */
static int64_t read_decision(const struct registry_state *state, int64_t *at_ms)
{
	struct cJSON *json = parse_decision(state);
	const char *version = json_find_string(json, "version");
	const char *at = json_find_string(json, "at");
	int64_t number = 0;
	if (version != NULL && at != NULL && clock_parse_rfc3339(at, at_ms))
		number = parse_number(version);
	json_release(json);
	const struct version *chosen = state_version(state, number);
	return chosen != NULL && version_tag(chosen, TAG_WITHDRAWN) == NULL ? number : 0;
}

const char *state_decided_how(const struct registry_state *state, int64_t number, char **why)
{
	static const char *const hows[] = {HOW_ROLLBACK, HOW_REPAIR, HOW_BY_HAND};
	struct cJSON *json = parse_decision(state);
	const char *version = json_find_string(json, "version");
	const char *said = json_find_string(json, "how"), *how = NULL;
	*why = NULL;
	if (version != NULL && parse_number(version) == number) {
		size_t i = 0;
		while (i < 2 && !text_equal(said, hows[i]))
			i++;
		how = hows[i];
		*why = text_copy(json_find_string(json, "why"));
	}
	json_release(json);
	return how;
}

int64_t state_desired_version(const struct registry_state *state)
{
	int64_t decided_at = INT64_MIN;
	int64_t decided = read_decision(state, &decided_at);
	struct place first = {INT64_MIN, INT64_MIN}, last = {INT64_MAX, INT64_MAX};
	/* trained at the very moment of the decision is not trained after it */
	struct place decision = {decided_at, INT64_MAX};
	const struct version *newest =
		newest_between(state, decided != 0 ? decision : first, last, false);
	return newest != NULL ? newest->number : decided;
}

const struct version *state_production(const struct registry_state *state)
{
	const struct version *winner = state_version(state, state_desired_version(state));
	if (winner != NULL && state_is_production(state, winner))
		return winner;
	for (size_t i = state->versions.count; i-- > 0;)
		if (state_is_production(state, &state->versions.items[i]))
			return &state->versions.items[i];
	return NULL;
}

/* " by WHO at TIME: WHY", as far as the tag tells. */
static void add_who(struct text *text, const struct cJSON *said)
{
	const char *by = json_find_string(said, "by"), *at = json_find_string(said, "at");
	const char *why = json_find_string(said, "why");
	text_printf(text, "%s%s", by != NULL ? " by " : "", by != NULL ? by : "");
	text_printf(text, "%s%s", at != NULL ? " at " : "", at != NULL ? at : "");
	text_printf(text, "%s%s", why != NULL ? ": " : "", why != NULL ? why : "");
}

int64_t state_production_number(const struct registry_state *state)
{
	const struct version *version = state_production(state);
	return version != NULL ? version->number : 0;
}

/* ", trained at TIME", where it has an intent. */
static void add_trained(
	struct text *text, const struct registry_state *state, const struct version *version)
{
	char at[32];
	int64_t ms;
	if (version == NULL || !version_intent(state, version, &ms))
		return;
	clock_format_rfc3339(at, ms);
	text_printf(text, ", trained at %s,", at);
}

static void say_withdrawn(struct text *text, const struct registry_state *state,
	const struct version *version, int64_t winner)
{
	struct cJSON *said = json_parse_note(version_tag(version, TAG_WITHDRAWN));
	text_printf(text, "version %" PRId64 " was withdrawn", version->number);
	add_who(text, said);
	json_release(said);
	if (winner == 0)
		return;
	text_printf(text, "; version %" PRId64, winner);
	add_trained(text, state, state_version(state, winner));
	text_add_string(text, " is in Production");
}

static void say_decided(struct text *text, const struct registry_state *state, int64_t winner)
{
	struct cJSON *decision = parse_decision(state);
	text_printf(text, "version %" PRId64 " was chosen", winner);
	add_who(text, decision);
	json_release(decision);
}

static void say_newer(struct text *text, const struct registry_state *state, int64_t winner)
{
	const struct version *version = state_version(state, winner);
	char at[32] = "";
	int64_t ms;
	if (version != NULL && version_intent(state, version, &ms))
		clock_format_rfc3339(at, ms);
	bool others = version != NULL && version_tag(version, TAG_TRAINED_AT) == NULL;
	text_printf(text, "version %" PRId64 " was %s later%s%s", winner,
		others ? "registered" : "trained", at[0] != '\0' ? ", at " : "", at);
}

char *state_says_why_not(
	const struct registry_state *state, const struct version *version, int64_t winner)
{
	struct text text = {0};
	int64_t unused;
	if (version_tag(version, TAG_WITHDRAWN) != NULL)
		say_withdrawn(&text, state, version, winner);
	else if (version_is_duplicate(state, version))
		text_printf(&text, "version %" PRId64 " is a duplicate", version->number);
	else if (winner != 0 && read_decision(state, &unused) == winner)
		say_decided(&text, state, winner);
	else if (winner != 0)
		say_newer(&text, state, winner);
	return text_take(&text);
}

int64_t state_previous(const struct registry_state *state, int64_t winner)
{
	const struct version *version = state_version(state, winner);
	struct place first = {INT64_MIN, INT64_MIN}, place = {.number = winner};
	if (version == NULL)
		return 0;
	if (!version_intent(state, version, &place.at))
		place.at = version->created_ms;
	const struct version *previous = newest_between(state, first, place, true);
	return previous != NULL ? previous->number : 0;
}

struct version *state_find_digest(const struct registry_state *state, const char *digest)
{
	for (size_t i = 0; i < state->versions.count; i++)
		if (text_equal(version_tag(&state->versions.items[i], TAG_DIGEST), digest))
			return &state->versions.items[i];
	return NULL;
}

bool state_is_converged(const struct registry_state *state, bool stage, bool alias)
{
	int64_t winner = state_desired_version(state);
	const struct version *version = state_version(state, winner);
	if (version == NULL)
		return state_production_count(state) == 0;
	if (stage && !(state_production_count(state) == 1 &&
			     text_equal(version->stage, STAGE_PRODUCTION)))
		return false;
	if (!alias)
		return true;
	return state_alias(state, ALIAS_PRODUCTION) == winner &&
	       state_alias(state, ALIAS_PREVIOUS) == state_previous(state, winner);
}

bool state_lacks_stages(const struct registry_state *state)
{
	for (size_t i = 0; i < state->versions.count; i++) {
		const char *stage = state->versions.items[i].stage;
		if (stage != NULL && stage[0] != '\0')
			return false;
	}
	return state->versions.count > 0;
}
