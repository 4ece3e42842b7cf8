#include "registry/history.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/env.h"
#include "base/escape.h"
#include "base/text.h"
#include "mlflow/types.h"
#include "packaging/json/json.h"
#include "packaging/json/note.h"
#include "registry/entries.h"
#include "registry/tags.h"

enum {
	HISTORY_MAX = 4500,
	TEXT_MAX = 1000, /* of a name or a reason, so that one entry alone always fits */
};

/* One entry, all strings borrowed; NULL and 0 are left out. */
struct entry {
	const char *to, *by, *how, *why;
	const char *alias; /* set after this entry; an alias that differs shows a killed writer */
	const char *since, *lost;
	int64_t instead;
};

static void add_string(struct cJSON *object, const char *key, const char *value)
{
	char kept[TEXT_MAX];
	if (value != NULL)
		json_set_string(object, key, escape_into(kept, sizeof(kept), value, strlen(value)));
}

static struct cJSON *make_entry(const struct entry *from)
{
	char at[32], number[24];
	struct cJSON *entry = json_new_object();
	clock_format_rfc3339(at, clock_now_ms());
	json_set_string(entry, "at", at);
	add_string(entry, "to", from->to);
	add_string(entry, "by", from->by);
	add_string(entry, "alias", from->alias);
	if (from->instead != 0)
		add_string(entry, "for", text_number(number, from->instead));
	add_string(entry, "how", from->how);
	add_string(entry, "why", from->why);
	add_string(entry, "since", from->since);
	add_string(entry, "lost", from->lost);
	return entry;
}

/* Where the tags of a history are: of a version, or (number 0) of the model. */
struct holder {
	struct registry *registry;
	int64_t number;
	const struct pair *tags;
	size_t count;
	const char *key;
};

static int write_tag(const struct holder *to, const char *key, const char *value, struct fail *f)
{
	return to->number != 0 ? registry_tag(to->registry, to->number, key, value, f)
			       : registry_tag_model(to->registry, key, value, f);
}

/* Moves the present entries to the next continuation, or to the last one if a killed writer has
 * put the same entries there. */
static int spill(
	const struct holder *to, const struct cJSON *list, const char *text, struct fail *f)
{
	int part = 2;
	const char *value, *last = NULL;
	for (; (value = entries_part(to->tags, to->count, to->key, part)) != NULL; part++)
		last = value;
	struct cJSON *before = entries_parse(last);
	if (entries_start_alike(before, list))
		part--;
	json_release(before);
	char *key = entries_part_key(to->key, part);
	int result = write_tag(to, key, text, f);
	free(key);
	return result;
}

/* Takes ownership of the entry. */
static int append(const struct holder *to, struct cJSON *entry, struct fail *f)
{
	const char *old = tag_value(to->tags, to->count, to->key);
	struct cJSON *list = entries_parse(old);
	int result = 0;
	json_append(list, entry);
	char *text = json_text(list);
	if (strlen(text) > HISTORY_MAX && json_first_item(list) != json_last_item(list)) {
		free(text);
		entry = json_take_last(list);
		result = spill(to, list, old, f);
		json_release(list);
		list = json_new_array();
		json_append(list, entry);
		text = json_text(list);
	}
	if (result == 0)
		result = write_tag(to, to->key, text, f);
	free(text);
	json_release(list);
	return result;
}

static struct holder version_holder(struct registry *registry, int64_t number)
{
	const struct version *version = state_version(&registry->state, number);
	struct holder holder = {.registry = registry, .number = number, .key = TAG_HISTORY};
	if (version != NULL) {
		holder.tags = version->tags;
		holder.count = version->tag_count;
	}
	return holder;
}

/* MLflow tells when a version was changed last; where aliases alone tell who is Production, nobody
 * does. */
static const char *outside_time(
	const struct registry_state *state, const struct version *version, char out[32])
{
	out[0] = '\0';
	if (state->stages && version->updated_ms != 0)
		clock_format_rfc3339(out, version->updated_ms);
	return out;
}

/* Adds to the entry what others did since the last one. */
static void note_outside(struct entry *entry, const struct registry *registry, int64_t number,
	const struct cJSON *before, char time[32])
{
	const struct registry_state *state = &registry->state;
	const struct version *version = state_version(state, number);
	bool open = entries_end_in_production(before);
	if (version == NULL || open == state_is_production(state, version))
		return;
	if (open)
		entry->lost = outside_time(state, version, time);
	else if (!text_equal(entry->to, STAGE_PRODUCTION) && version->updated_ms != 0)
		entry->since = outside_time(state, version, time);
}

static int record(struct registry *registry, int64_t number, struct entry *entry, struct fail *f)
{
	char time[32];
	struct holder holder = version_holder(registry, number);
	struct cJSON *before = entries_read(holder.tags, holder.count, TAG_HISTORY);
	note_outside(entry, registry, number, before, time);
	json_release(before);
	if (registry->alias && strcmp(entry->to, STAGE_PRODUCTION) == 0)
		entry->alias = ALIAS_PRODUCTION;
	return append(&holder, make_entry(entry), f);
}

int history_record(struct registry *registry, int64_t number, const struct history_change *change,
	struct fail *f)
{
	struct entry entry = {
		.to = change->to, .by = change->by, .instead = change->instead, .why = change->why};
	return record(registry, number, &entry, f);
}

static int record_archived(
	struct registry *registry, int64_t winner, const struct entry *by, struct fail *f)
{
	const struct registry_state *state = &registry->state;
	for (size_t i = 0; i < state->versions.count; i++) {
		const struct version *version = &state->versions.items[i];
		struct entry entry = *by;
		entry.to = STAGE_ARCHIVED;
		entry.instead = winner;
		if (version->number != winner && state_is_production(state, version) &&
			record(registry, version->number, &entry, f) != 0)
			return -1;
	}
	return 0;
}

char *history_override_reason(const struct version *version)
{
	const char *text = version != NULL ? version_tag(version, TAG_GATE) : NULL;
	struct cJSON *verdict = json_parse_note(text);
	const char *why = json_find_string(json_find(verdict, "override"), "why");
	char *copy = text_copy(why);
	json_release(verdict);
	return copy;
}

/* The caller frees *why. */
static const char *find_how(const struct registry *registry, int64_t winner, char **why)
{
	const struct registry_state *state = &registry->state;
	const char *how = state_decided_how(state, winner, why);
	if (how == NULL) {
		*why = history_override_reason(state_version(state, winner));
		how = *why != NULL ? HOW_OVERRIDE : HOW_TRAINING;
	}
	if (registry->how == NULL)
		return how;
	if (registry->why != NULL) {
		free(*why);
		*why = text_copy(registry->why);
	}
	return registry->how;
}

int history_record_transition(
	struct registry *registry, int64_t winner, const char *by, struct fail *f)
{
	char *why = NULL;
	struct entry entry = {.by = by, .how = find_how(registry, winner, &why)};
	entry.why = why;
	int result = record_archived(registry, winner, &entry, f);
	entry.to = STAGE_PRODUCTION;
	if (result == 0)
		result = record(registry, winner, &entry, f);
	free(why);
	return result;
}

/* Deleted versions */

/* Appends an entry for what others did to the version since its last entry, if they did anything.
 */
static void add_rest(
	struct cJSON *all, const struct registry_state *state, const struct version *version)
{
	char time[32];
	struct entry entry = {.to = STAGE_ARCHIVED};
	if (entries_end_in_production(all))
		entry.lost = outside_time(state, version, time);
	else if (json_first_item(all) == NULL && text_equal(version->stage, STAGE_ARCHIVED))
		entry.since = "";
	else
		return;
	struct cJSON *rest = make_entry(&entry);
	json_replace_string(rest, "at", outside_time(state, version, time));
	json_append(all, rest);
}

static bool tells_production(const struct cJSON *all)
{
	for (const struct cJSON *entry = json_first_item(all); entry != NULL;
		entry = json_next_item(entry))
		if (text_equal(json_find_string(entry, "to"), STAGE_PRODUCTION) ||
			json_find(entry, "since") != NULL)
			return true;
	return false;
}

static struct cJSON *deleted_entry(const struct version *version, const char *by)
{
	struct entry entry = {.to = TO_DELETED, .by = by};
	struct cJSON *made = make_entry(&entry);
	add_string(made, "trained_at", version_tag(version, TAG_TRAINED_AT));
	json_set_number(made, "created", (double)version->created_ms);
	return made;
}

/* What the model keeps of earlier versions of that number. Empty if it is this version itself,
 * whose delete failed after its history was kept. */
static struct cJSON *read_kept(
	const struct registered_model *model, const struct version *version, const char *key)
{
	struct cJSON *kept = entries_read(model->tags, model->tag_count, key);
	const struct cJSON *last = json_last_item(kept);
	if (!entries_are_of(last, version))
		return kept;
	json_release(kept);
	return json_new_array();
}

/* Takes as many entries out of the list as fit into one tag. */
static char *take_part(struct cJSON *list)
{
	struct cJSON *part = json_new_array();
	char *text = NULL;
	while (json_first_item(list) != NULL) {
		json_append(part, json_take_first(list));
		char *longer = json_text(part);
		if (text != NULL && strlen(longer) > HISTORY_MAX) {
			json_prepend(list, json_take_last(part));
			free(longer);
			break;
		}
		free(text);
		text = longer;
	}
	json_release(part);
	return text;
}

/* The newest entries are in the tag itself, the older ones in its continuations. */
static int write_parts(
	struct registry *registry, const char *key, struct cJSON *list, struct fail *f)
{
	int result = 0;
	for (int part = 2; result == 0 && json_first_item(list) != NULL; part++) {
		char *text = take_part(list);
		char *name = json_first_item(list) != NULL ? entries_part_key(key, part)
							   : text_copy(key);
		result = registry_tag_model(registry, name, text, f);
		free(name);
		free(text);
	}
	return result;
}

int history_keep_deleted(
	struct registry *registry, const struct version *version, const char *by, struct fail *f)
{
	const struct registry_state *state = &registry->state;
	struct cJSON *own = entries_read(version->tags, version->tag_count, TAG_HISTORY);
	int result = 0;
	add_rest(own, state, version);
	if (tells_production(own)) {
		char *key = text_format(TAG_DELETED "%lld", (long long)version->number);
		struct cJSON *all = read_kept(&state->model, version, key);
		while (json_first_item(own) != NULL)
			json_append(all, json_take_first(own));
		json_append(all, deleted_entry(version, by));
		result = write_parts(registry, key, all, f);
		json_release(all);
		free(key);
	}
	json_release(own);
	return result;
}
