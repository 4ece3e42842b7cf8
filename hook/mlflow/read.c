#include "mlflow/read.h"

#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"
#include "mlflow/types.h"
#include "packaging/json/json_list.h"

#define LIST_MAX ((size_t)16 << 20)
#define ALLOCATION_BYTES 24 /* of one string, beyond its characters */
#define VERSION_BYTES (sizeof(struct version) + 3 * ALLOCATION_BYTES)

static struct pair *read_pairs(struct json_lenient *a, const struct json_lenient_value *object,
	const char *key, size_t *count)
{
	const struct json_lenient_value *next;
	*count = json_lenient_items(a, object, key, &next);
	struct pair *pairs = *count > 0 ? memory_get(*count, sizeof(*pairs)) : NULL;
	for (size_t i = 0; i < *count; i++) {
		const struct json_lenient_value *item = json_lenient_item(a, &next, key);
		pairs[i].key = json_lenient_string(a, item, "key");
		pairs[i].value = json_lenient_string(a, item, "value");
	}
	return pairs;
}

static struct metric *read_metrics(
	struct json_lenient *a, const struct json_lenient_value *data, size_t *count)
{
	const struct json_lenient_value *next;
	*count = json_lenient_items(a, data, "metrics", &next);
	struct metric *metrics = *count > 0 ? memory_get(*count, sizeof(*metrics)) : NULL;
	for (size_t i = 0; i < *count; i++) {
		const struct json_lenient_value *item = json_lenient_item(a, &next, "metrics");
		metrics[i].key = json_lenient_string(a, item, "key");
		metrics[i].value = json_lenient_number(a, item, "value");
	}
	return metrics;
}

/* Versions count from 1; nothing else may pass for one, least of all "none". */
static int64_t read_version_number(
	struct json_lenient *a, const struct json_lenient_value *object, const char *key)
{
	json_lenient_need(a, object, key);
	int64_t number = json_lenient_integer(a, object, key);
	if (number < 1)
		json_lenient_wrong(a, key, "no version's number");
	return number;
}

static char *read_next(struct json_lenient *a)
{
	char *next = json_lenient_string(a, json_lenient_root(a), "next_page_token");
	if (next[0] != '\0')
		return next;
	free(next);
	return NULL;
}

/* Older servers say run_uuid alone. */
static char *read_run_id(struct json_lenient *a, const struct json_lenient_value *info)
{
	char *id = json_lenient_string(a, info, "run_id");
	if (id[0] != '\0')
		return id;
	free(id);
	return json_lenient_string(a, info, "run_uuid");
}

static void fill_run(
	struct json_lenient *a, const struct json_lenient_value *object, struct run *run)
{
	const struct json_lenient_value *info = json_lenient_object(a, object, "info");
	const struct json_lenient_value *data = json_lenient_object(a, object, "data");
	json_lenient_need(a, info, "artifact_uri");
	run->id = read_run_id(a, info);
	run->experiment_id = json_lenient_string(a, info, "experiment_id");
	run->name = json_lenient_string(a, info, "run_name");
	run->status = json_lenient_string(a, info, "status");
	run->user = json_lenient_string(a, info, "user_id");
	run->artifact_uri = json_lenient_string(a, info, "artifact_uri");
	char *stage = json_lenient_string(a, info, "lifecycle_stage");
	run->deleted = strcmp(stage, "deleted") == 0;
	free(stage);
	run->metrics = read_metrics(a, data, &run->metric_count);
	run->tags = read_pairs(a, data, "tags", &run->tag_count);
}

static void fill_version(
	struct json_lenient *a, const struct json_lenient_value *object, struct version *version)
{
	version->model = json_lenient_string(a, object, "name");
	version->number = read_version_number(a, object, "version");
	version->stage = json_lenient_string(a, object, "current_stage");
	version->source = json_lenient_string(a, object, "source");
	version->run_id = json_lenient_string(a, object, "run_id");
	version->status = json_lenient_string(a, object, "status");
	version->status_message = json_lenient_string(a, object, "status_message");
	version->description = json_lenient_string(a, object, "description");
	version->user = json_lenient_string(a, object, "user_id");
	version->created_ms = json_lenient_integer(a, object, "creation_timestamp");
	version->updated_ms = json_lenient_integer(a, object, "last_updated_timestamp");
	version->tags = read_pairs(a, object, "tags", &version->tag_count);
}

static struct alias *read_aliases(
	struct json_lenient *a, const struct json_lenient_value *object, size_t *count)
{
	const struct json_lenient_value *next;
	*count = json_lenient_items(a, object, "aliases", &next);
	struct alias *aliases = *count > 0 ? memory_get(*count, sizeof(*aliases)) : NULL;
	for (size_t i = 0; i < *count; i++) {
		const struct json_lenient_value *item = json_lenient_item(a, &next, "aliases");
		aliases[i].name = json_lenient_string(a, item, "alias");
		aliases[i].version = read_version_number(a, item, "version");
	}
	return aliases;
}

static struct stage_version *read_latest(
	struct json_lenient *a, const struct json_lenient_value *object, size_t *count)
{
	const struct json_lenient_value *next;
	*count = json_lenient_items(a, object, "latest_versions", &next);
	struct stage_version *latest = *count > 0 ? memory_get(*count, sizeof(*latest)) : NULL;
	for (size_t i = 0; i < *count; i++) {
		const struct json_lenient_value *item =
			json_lenient_item(a, &next, "latest_versions");
		latest[i].stage = json_lenient_string(a, item, "current_stage");
		latest[i].version = read_version_number(a, item, "version");
	}
	return latest;
}

static void fill_model(struct json_lenient *a, const struct json_lenient_value *object,
	struct registered_model *model)
{
	json_lenient_need(a, object, "name");
	model->name = json_lenient_string(a, object, "name");
	model->created_ms = json_lenient_integer(a, object, "creation_timestamp");
	model->tags = read_pairs(a, object, "tags", &model->tag_count);
	model->aliases = read_aliases(a, object, &model->alias_count);
	model->latest = read_latest(a, object, &model->latest_count);
}

static void fill_logged_model(
	struct json_lenient *a, const struct json_lenient_value *object, struct logged_model *model)
{
	const struct json_lenient_value *info = json_lenient_object(a, object, "info");
	json_lenient_need(a, info, "model_id");
	model->id = json_lenient_string(a, info, "model_id");
	model->name = json_lenient_string(a, info, "name");
	model->artifact_uri = json_lenient_string(a, info, "artifact_uri");
	model->status = json_lenient_string(a, info, "status");
	model->source_run_id = json_lenient_string(a, info, "source_run_id");
	model->created_ms = json_lenient_integer(a, info, "creation_timestamp_ms");
}

/* The three single things: an object under one key. */

static const struct json_lenient_value *only(struct json_lenient *a, const char *key)
{
	json_lenient_need(a, json_lenient_root(a), key);
	return json_lenient_object(a, json_lenient_root(a), key);
}

static int parse(struct json_lenient *a, const struct text *body, struct fail *f)
{
	return json_lenient_parse(a, text_string(body), body->size, f);
}

static int close_answer(struct json_lenient *a, int result, struct fail *f)
{
	if (result == 0)
		result = json_lenient_check(a, f);
	json_lenient_release(a);
	return result;
}

int mlflow_read_run(const struct text *body, struct run *run, struct fail *f)
{
	struct json_lenient a;
	*run = (struct run){0};
	int result = parse(&a, body, f);
	if (result == 0)
		fill_run(&a, only(&a, "run"), run);
	result = close_answer(&a, result, f);
	if (result != 0)
		run_release(run);
	return result;
}

int mlflow_read_logged_model(const struct text *body, struct logged_model *model, struct fail *f)
{
	struct json_lenient a;
	*model = (struct logged_model){0};
	int result = parse(&a, body, f);
	if (result == 0)
		fill_logged_model(&a, only(&a, "model"), model);
	result = close_answer(&a, result, f);
	if (result != 0)
		logged_model_release(model);
	return result;
}

/* One string that must be there, of the whole answer or of the object `in`. */
static int read_string(
	const struct text *body, const char *in, const char *key, char **string, struct fail *f)
{
	struct json_lenient a;
	*string = NULL;
	int result = parse(&a, body, f);
	if (result == 0) {
		const struct json_lenient_value *object =
			in != NULL ? only(&a, in) : json_lenient_root(&a);
		json_lenient_need(&a, object, key);
		*string = json_lenient_string(&a, object, key);
	}
	result = close_answer(&a, result, f);
	if (result != 0) {
		free(*string);
		*string = NULL;
	}
	return result;
}

bool mlflow_read_yes(const struct text *body, const char *key)
{
	struct json_lenient a;
	struct fail ignored;
	bool yes =
		parse(&a, body, &ignored) == 0 && json_lenient_bool(&a, json_lenient_root(&a), key);
	json_lenient_release(&a);
	return yes;
}

int mlflow_read_download_uri(const struct text *body, char **uri, struct fail *f)
{
	return read_string(body, NULL, "artifact_uri", uri, f);
}

int mlflow_read_location(const struct text *body, char **location, struct fail *f)
{
	return read_string(body, "experiment", "artifact_location", location, f);
}

int mlflow_read_version(const struct text *body, struct version *version, struct fail *f)
{
	struct json_lenient a;
	*version = (struct version){0};
	int result = parse(&a, body, f);
	if (result == 0)
		fill_version(&a, only(&a, "model_version"), version);
	result = close_answer(&a, result, f);
	if (result != 0)
		version_release(version);
	return result;
}

int mlflow_read_model(const struct text *body, struct registered_model *model, struct fail *f)
{
	struct json_lenient a;
	*model = (struct registered_model){0};
	int result = parse(&a, body, f);
	if (result == 0)
		fill_model(&a, only(&a, "registered_model"), model);
	result = close_answer(&a, result, f);
	if (result != 0)
		registered_model_release(model);
	return result;
}

/* The lists. Room for one more item behind those of earlier pages. */

static void *room_for_one(void *items, size_t count, size_t size)
{
	if ((count & (count - 1)) == 0)
		items = memory_grow(items, count > 0 ? 2 * count : 1, size);
	memset((char *)items + count * size, 0, size);
	return items;
}

static size_t string_bytes(const char *string)
{
	return (string != NULL ? strlen(string) : 0) + ALLOCATION_BYTES;
}

static size_t pairs_bytes(const struct pair *pairs, size_t count)
{
	size_t bytes = count * sizeof(*pairs);
	for (size_t i = 0; i < count; i++)
		bytes += string_bytes(pairs[i].key) + string_bytes(pairs[i].value);
	return bytes;
}

static int keep(size_t *kept, size_t more, const char *what, struct fail *f)
{
	*kept += more;
	if (*kept <= LIST_MAX)
		return 0;
	return fail_set(f, STATUS_NOT_A_REGISTRY, "the list of %s takes more than %zu MiB", what,
		LIST_MAX >> 20);
}

static int take_version(void *context, struct json_lenient *a,
	const struct json_lenient_value *item, struct fail *f)
{
	struct versions *versions = context;
	versions->items = room_for_one(versions->items, versions->count, sizeof(*versions->items));
	struct version *version = &versions->items[versions->count++];
	fill_version(a, item, version);
	return keep(&versions->bytes, version_pack(version) + VERSION_BYTES, "versions", f);
}

static int take_model(void *context, struct json_lenient *a, const struct json_lenient_value *item,
	struct fail *f)
{
	struct registered_models *models = context;
	models->items = room_for_one(models->items, models->count, sizeof(*models->items));
	struct registered_model *model = &models->items[models->count++];
	fill_model(a, item, model);
	size_t bytes = sizeof(*model) + string_bytes(model->name) +
		       pairs_bytes(model->tags, model->tag_count);
	for (size_t i = 0; i < model->alias_count; i++)
		bytes += sizeof(*model->aliases) + string_bytes(model->aliases[i].name);
	for (size_t i = 0; i < model->latest_count; i++)
		bytes += sizeof(*model->latest) + string_bytes(model->latest[i].stage);
	return keep(&models->bytes, bytes, "registered models", f);
}

static int take_logged_model(void *context, struct json_lenient *a,
	const struct json_lenient_value *item, struct fail *f)
{
	struct logged_models *models = context;
	models->items = room_for_one(models->items, models->count, sizeof(*models->items));
	struct logged_model *model = &models->items[models->count++];
	fill_logged_model(a, item, model);
	return keep(&models->bytes,
		sizeof(*model) + string_bytes(model->id) + string_bytes(model->name) +
			string_bytes(model->artifact_uri) + string_bytes(model->status) +
			string_bytes(model->source_run_id),
		"logged models", f);
}

static int end_list(struct json_list *list, struct json_lenient *rest, struct fail *f)
{
	const struct json_lenient_value *first;
	if (json_list_end(list, rest, f) != 0)
		return -1;
	json_lenient_items(rest, json_lenient_root(rest), list->key, &first);
	return 0;
}

static int read_list(const struct text *body, struct json_list *list, char **next, struct fail *f)
{
	struct json_lenient rest = {0};
	*next = NULL;
	int result = json_list_add(list, text_string(body), body->size, f);
	if (result == 0)
		result = end_list(list, &rest, f);
	if (result == 0)
		*next = read_next(&rest);
	json_list_release(list);
	return close_answer(&rest, result, f);
}

int mlflow_read_versions(
	const struct text *body, struct versions *versions, char **next, struct fail *f)
{
	struct json_list list = {
		.key = "model_versions", .depth = 1, .take = take_version, .context = versions};
	return read_list(body, &list, next, f);
}

int mlflow_read_models(
	const struct text *body, struct registered_models *models, char **next, struct fail *f)
{
	struct json_list list = {
		.key = "registered_models", .depth = 1, .take = take_model, .context = models};
	return read_list(body, &list, next, f);
}

int mlflow_read_logged_models(
	const struct text *body, struct logged_models *models, char **next, struct fail *f)
{
	struct json_list list = {
		.key = "models", .depth = 1, .take = take_logged_model, .context = models};
	return read_list(body, &list, next, f);
}

static bool is_plain_name(const char *name)
{
	return name[0] != '\0' && strchr(name, '/') == NULL && strcmp(name, ".") != 0 &&
	       strcmp(name, "..") != 0;
}

/* The part of path below folder; path itself where it is elsewhere. */
static char *below(const char *folder, char *path)
{
	size_t size = strlen(folder);
	if (size == 0 || !text_starts_with(path, folder) || path[size] != '/')
		return path;
	char *name = text_copy(path + size + 1);
	free(path);
	return name;
}

static int take_artifact(void *context, struct json_lenient *a,
	const struct json_lenient_value *item, struct fail *f)
{
	const struct artifact_reading *reading = context;
	int64_t size = json_lenient_integer(a, item, "file_size");
	struct entry artifact = {
		.name = below(reading->folder, json_lenient_string(a, item, "path")),
		.is_folder = json_lenient_bool(a, item, "is_dir"),
		.size = size > 0 ? (uint64_t)size : 0,
	};
	char name[80];
	int result;
	if (is_plain_name(artifact.name))
		result = reading->taker->take(reading->taker->context, &artifact, f);
	else
		result = fail_set(f, STATUS_NOT_A_REGISTRY, "the list of artifacts names \"%s\"",
			escape_into(name, sizeof(name), artifact.name, strlen(artifact.name)));
	free(artifact.name);
	return result;
}

static int sink_write(void *context, const void *bytes, size_t size, struct fail *f)
{
	struct artifact_reading *reading = context;
	return json_list_add(&reading->list, bytes, size, f);
}

static int sink_restart(void *context, struct fail *f)
{
	struct artifact_reading *reading = context;
	(void)f;
	json_list_restart(&reading->list);
	reading->taker->restart(reading->taker->context);
	return 0;
}

void artifact_reading_open(
	struct artifact_reading *reading, const char *folder, const struct entry_taker *taker)
{
	*reading = (struct artifact_reading){
		.sink = {sink_write, sink_restart, reading},
		.folder = folder,
		.taker = taker,
		.list = {.key = "files", .depth = 1, .take = take_artifact, .context = reading},
	};
}

int artifact_reading_end(struct artifact_reading *reading, struct fail *f)
{
	struct json_lenient rest = {0};
	int result = end_list(&reading->list, &rest, f);
	return close_answer(&rest, result, f);
}

void artifact_reading_release(struct artifact_reading *reading)
{
	json_list_release(&reading->list);
}
