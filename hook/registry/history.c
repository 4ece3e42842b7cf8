#include "registry/history.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "base/clock.h"
#include "base/env.h"
#include "base/fail.h"
#include "base/text.h"
#include "mlflow/types.h"
#include "packaging/json/json.h"
#include "registry/entries.h"

enum {
	HISTORY_MAX = 4500,
	TEXT_MAX = 1000, /* of a name or a reason, so that one entry alone always fits */
};

static void add_variable(struct text *text, const char *label, const char *name)
{
	const char *value = env_get(name);
	if (value == NULL)
		return;
	text_printf(text, " %s=", label);
	text_add_escaped(text, value, strlen(value));
}

char *history_who(void)
{
	struct text text = {0};
	struct utsname host;
	const char *user = env_get("MLFLOW_TRACKING_USERNAME");
	if (user == NULL)
		user = env_get("USER");
	if (user == NULL)
		user = geteuid() == 0 ? "root" : "uid";
	text_add_escaped(&text, user, strlen(user));
	if (uname(&host) == 0)
		text_printf(&text, "@%s", host.nodename);
	add_variable(&text, "dag", "AIRFLOW_CTX_DAG_ID");
	add_variable(&text, "task", "AIRFLOW_CTX_TASK_ID");
	add_variable(&text, "run", "AIRFLOW_CTX_DAG_RUN_ID");
	add_variable(&text, "try", "AIRFLOW_CTX_TRY_NUMBER");
	return text_take(&text);
}

/* One entry, all strings borrowed; NULL and 0 are left out. */
struct entry {
	const char *to, *by, *how, *why;
	const char
		*alias; /* the one that is set next, so that one who dies in between is found out */
	const char *since, *lost;
	int64_t instead;
};

static void add_string(cJSON *object, const char *key, const char *value)
{
	char kept[TEXT_MAX];
	if (value != NULL)
		cJSON_AddStringToObject(
			object, key, text_escape(kept, sizeof(kept), value, strlen(value)));
}

static cJSON *make_entry(const struct entry *from)
{
	char at[32], number[24];
	cJSON *entry = cJSON_CreateObject();
	clock_format_rfc3339(at, clock_now_ms());
	cJSON_AddStringToObject(entry, "at", at);
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

static char *print(const cJSON *list)
{
	char *printed = cJSON_PrintUnformatted(list);
	if (printed == NULL)
		fail_out_of_memory();
	return printed;
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

/* The entries that are there into the next continuation; or into the last one, where a killed
 * writer has put the same ones. */
static int spill(const struct holder *to, const cJSON *list, const char *text, struct fail *f)
{
	int part = 2;
	const char *value, *last = NULL;
	for (; (value = entries_part(to->tags, to->count, to->key, part)) != NULL; part++)
		last = value;
	cJSON *before = entries_parse(last);
	if (entries_start_alike(before, list))
		part--;
	cJSON_Delete(before);
	char *key = entries_part_key(to->key, part);
	int result = write_tag(to, key, text, f);
	free(key);
	return result;
}

/* The entry is taken over. */
static int append(const struct holder *to, cJSON *entry, struct fail *f)
{
	const char *old = tag_value(to->tags, to->count, to->key);
	cJSON *list = entries_parse(old);
	int result = 0;
	cJSON_AddItemToArray(list, entry);
	char *text = print(list);
	if (strlen(text) > HISTORY_MAX && cJSON_GetArraySize(list) > 1) {
		cJSON_free(text);
		entry = cJSON_DetachItemFromArray(list, cJSON_GetArraySize(list) - 1);
		result = spill(to, list, old, f);
		cJSON_Delete(list);
		list = cJSON_CreateArray();
		cJSON_AddItemToArray(list, entry);
		text = print(list);
	}
	if (result == 0)
		result = write_tag(to, to->key, text, f);
	cJSON_free(text);
	cJSON_Delete(list);
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

/* What others did since the last entry, into this one. */
static void note_outside(struct entry *entry, const struct registry *registry, int64_t number,
	const cJSON *before, char time[32])
{
	const struct registry_state *state = &registry->state;
	const struct version *version = state_version(state, number);
	bool open = entries_end_open(before);
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
	cJSON *before = entries_read(holder.tags, holder.count, TAG_HISTORY);
	note_outside(entry, registry, number, before, time);
	cJSON_Delete(before);
	if (registry->alias && strcmp(entry->to, STAGE_PRODUCTION) == 0)
		entry->alias = ALIAS_PRODUCTION;
	return append(&holder, make_entry(entry), f);
}

int history_record(struct registry *registry, int64_t number, const char *to, const char *by,
	int64_t instead, const char *why, struct fail *f)
{
	struct entry entry = {.to = to, .by = by, .instead = instead, .why = why};
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
	cJSON *verdict = json_parse_note(text);
	const char *why =
		entry_string(cJSON_GetObjectItemCaseSensitive(verdict, "override"), "why");
	char *copy = text_copy(why);
	cJSON_Delete(verdict);
	return copy;
}

/* *why is the caller's. */
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

/* What others did to it since its last entry, as an entry; or none. */
static void add_rest(cJSON *all, const struct registry_state *state, const struct version *version)
{
	char time[32];
	struct entry entry = {.to = STAGE_ARCHIVED};
	if (entries_end_open(all))
		entry.lost = outside_time(state, version, time);
	else if (all->child == NULL && text_equal(version->stage, STAGE_ARCHIVED))
		entry.since = "";
	else
		return;
	cJSON *rest = make_entry(&entry);
	cJSON_ReplaceItemInObjectCaseSensitive(
		rest, "at", cJSON_CreateString(outside_time(state, version, time)));
	cJSON_AddItemToArray(all, rest);
}

static bool tells_production(const cJSON *all)
{
	const cJSON *entry;
	cJSON_ArrayForEach(entry, all)
	{
		if (text_equal(entry_string(entry, "to"), STAGE_PRODUCTION) ||
			cJSON_HasObjectItem(entry, "since"))
			return true;
	}
	return false;
}

static cJSON *deleted_entry(const struct version *version, const char *by)
{
	struct entry entry = {.to = TO_DELETED, .by = by};
	cJSON *made = make_entry(&entry);
	add_string(made, "trained_at", version_tag(version, TAG_TRAINED_AT));
	cJSON_AddNumberToObject(made, "created", (double)version->created_ms);
	return made;
}

/* What is kept of earlier versions of that number, unless it is this one, kept by a delete that
 * then failed. */
static cJSON *read_kept(
	const struct registered_model *model, const struct version *version, const char *key)
{
	cJSON *kept = entries_read(model->tags, model->tag_count, key);
	const cJSON *last = cJSON_GetArrayItem(kept, cJSON_GetArraySize(kept) - 1);
	if (!entries_are_of(last, version))
		return kept;
	cJSON_Delete(kept);
	return cJSON_CreateArray();
}

/* As many of the entries as fit into one tag, taken out of the list. */
static char *take_part(cJSON *list)
{
	cJSON *part = cJSON_CreateArray();
	char *text = NULL;
	while (list->child != NULL) {
		cJSON_AddItemToArray(part, cJSON_DetachItemFromArray(list, 0));
		char *longer = print(part);
		if (text != NULL && strlen(longer) > HISTORY_MAX) {
			cJSON_InsertItemInArray(list, 0,
				cJSON_DetachItemFromArray(part, cJSON_GetArraySize(part) - 1));
			cJSON_free(longer);
			break;
		}
		cJSON_free(text);
		text = longer;
	}
	cJSON_Delete(part);
	return text;
}

/* The newest entries are in the tag itself, the older ones in its continuations. */
static int write_parts(struct registry *registry, const char *key, cJSON *list, struct fail *f)
{
	int result = 0;
	for (int part = 2; result == 0 && list->child != NULL; part++) {
		char *text = take_part(list);
		char *name = list->child != NULL ? entries_part_key(key, part) : text_copy(key);
		result = registry_tag_model(registry, name, text, f);
		free(name);
		cJSON_free(text);
	}
	return result;
}

int history_keep_deleted(
	struct registry *registry, const struct version *version, const char *by, struct fail *f)
{
	const struct registry_state *state = &registry->state;
	cJSON *own = entries_read(version->tags, version->tag_count, TAG_HISTORY);
	int result = 0;
	add_rest(own, state, version);
	if (tells_production(own)) {
		char *key = text_format(TAG_DELETED "%lld", (long long)version->number);
		cJSON *all = read_kept(&state->model, version, key);
		while (own->child != NULL)
			cJSON_AddItemToArray(all, cJSON_DetachItemFromArray(own, 0));
		cJSON_AddItemToArray(all, deleted_entry(version, by));
		result = write_parts(registry, key, all, f);
		cJSON_Delete(all);
		free(key);
	}
	cJSON_Delete(own);
	return result;
}
