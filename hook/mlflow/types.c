#include "mlflow/types.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

static void pairs_release(struct pair *pairs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(pairs[i].key);
		free(pairs[i].value);
	}
	free(pairs);
}

void run_release(struct run *run)
{
	free(run->id);
	free(run->experiment_id);
	free(run->name);
	free(run->status);
	free(run->user);
	free(run->artifact_uri);
	for (size_t i = 0; i < run->metric_count; i++)
		free(run->metrics[i].key);
	free(run->metrics);
	pairs_release(run->tags, run->tag_count);
	*run = (struct run){0};
}

void version_release(struct version *version)
{
	free(version->stage);
	if (version->block != NULL) {
		free(version->block);
		*version = (struct version){0};
		return;
	}
	free(version->model);
	free(version->source);
	free(version->run_id);
	free(version->status);
	free(version->status_message);
	free(version->description);
	free(version->user);
	pairs_release(version->tags, version->tag_count);
	*version = (struct version){0};
}

/* What is to be in the block: the places of the strings, but for those of the tags. */
#define STRINGS 7
static void list_strings(struct version *version, char **strings[STRINGS])
{
	strings[0] = &version->model;
	strings[1] = &version->source;
	strings[2] = &version->run_id;
	strings[3] = &version->status;
	strings[4] = &version->status_message;
	strings[5] = &version->description;
	strings[6] = &version->user;
}

static void move_string(char **string, char **to)
{
	size_t size = strlen(*string) + 1;
	memcpy(*to, *string, size);
	free(*string);
	*string = *to;
	*to += size;
}

size_t version_pack(struct version *version)
{
	char **strings[STRINGS];
	struct pair *tags = version->tags;
	size_t size = version->tag_count * sizeof(*tags);
	list_strings(version, strings);
	for (size_t i = 0; i < STRINGS; i++)
		size += strlen(*strings[i]) + 1;
	for (size_t i = 0; i < version->tag_count; i++)
		size += strlen(tags[i].key) + strlen(tags[i].value) + 2;
	version->block = memory_get(size, 1);
	version->tags = (struct pair *)(void *)version->block;
	char *to = version->block + version->tag_count * sizeof(*tags);
	for (size_t i = 0; i < STRINGS; i++)
		move_string(strings[i], &to);
	for (size_t i = 0; i < version->tag_count; i++) {
		move_string(&tags[i].key, &to);
		move_string(&tags[i].value, &to);
		version->tags[i] = tags[i];
	}
	free(tags);
	return size;
}

void version_unpack(struct version *version)
{
	char *block = version->block, **strings[STRINGS];
	const struct pair *packed = version->tags;
	if (block == NULL)
		return;
	version->block = NULL;
	list_strings(version, strings);
	for (size_t i = 0; i < STRINGS; i++)
		*strings[i] = text_copy(*strings[i]);
	version->tags = memory_get(version->tag_count + 1, sizeof(*version->tags));
	for (size_t i = 0; i < version->tag_count; i++)
		version->tags[i] =
			(struct pair){text_copy(packed[i].key), text_copy(packed[i].value)};
	free(block);
}

void versions_release(struct versions *versions)
{
	for (size_t i = 0; i < versions->count; i++)
		version_release(&versions->items[i]);
	free(versions->items);
	*versions = (struct versions){0};
}

void registered_model_release(struct registered_model *model)
{
	free(model->name);
	pairs_release(model->tags, model->tag_count);
	for (size_t i = 0; i < model->alias_count; i++)
		free(model->aliases[i].name);
	free(model->aliases);
	for (size_t i = 0; i < model->latest_count; i++)
		free(model->latest[i].stage);
	free(model->latest);
	*model = (struct registered_model){0};
}

void registered_models_release(struct registered_models *models)
{
	for (size_t i = 0; i < models->count; i++)
		registered_model_release(&models->items[i]);
	free(models->items);
	*models = (struct registered_models){0};
}

void logged_model_release(struct logged_model *model)
{
	free(model->id);
	free(model->name);
	free(model->artifact_uri);
	free(model->status);
	free(model->source_run_id);
	*model = (struct logged_model){0};
}

void logged_models_release(struct logged_models *models)
{
	for (size_t i = 0; i < models->count; i++)
		logged_model_release(&models->items[i]);
	free(models->items);
	*models = (struct logged_models){0};
}

const char *tag_value(const struct pair *tags, size_t count, const char *key)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(tags[i].key, key) == 0)
			return tags[i].value;
	return NULL;
}
