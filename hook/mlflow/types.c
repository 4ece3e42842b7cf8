#include <stdlib.h>
#include <string.h>

#include "mlflow/mlflow.h"
#include "mlflow/read.h"

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
	free(version->model);
	free(version->stage);
	free(version->source);
	free(version->run_id);
	free(version->status);
	free(version->status_message);
	free(version->description);
	free(version->user);
	pairs_release(version->tags, version->tag_count);
	*version = (struct version){0};
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

void artifacts_release(struct artifacts *artifacts)
{
	for (size_t i = 0; i < artifacts->count; i++)
		free(artifacts->items[i].path);
	free(artifacts->items);
	*artifacts = (struct artifacts){0};
}

const char *tag_value(const struct pair *tags, size_t count, const char *key)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(tags[i].key, key) == 0)
			return tags[i].value;
	return NULL;
}
