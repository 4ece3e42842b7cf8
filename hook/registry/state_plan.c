#include "registry/state_plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "mlflow/types.h"
#include "mlflow/versions.h"
#include "registry/tags.h"

/* value NULL: removed. */
static void plan_pair(struct pair **pairs, size_t *count, const char *key, const char *value)
{
	char *copy = text_copy(value);
	size_t i = 0;
	while (i < *count && strcmp((*pairs)[i].key, key) != 0)
		i++;
	if (i == *count && value == NULL)
		return;
	if (i == *count) {
		*pairs = memory_grow(*pairs, ++*count, sizeof(**pairs));
		(*pairs)[i] = (struct pair){.key = text_copy(key), .value = copy};
		return;
	}
	free((*pairs)[i].value);
	(*pairs)[i].value = copy;
	if (value != NULL)
		return;
	free((*pairs)[i].key);
	(*pairs)[i] = (*pairs)[--*count];
}

void state_plan_tag(
	struct registry_state *state, int64_t number, const char *key, const char *value)
{
	struct version *version = state_version(state, number);
	if (version == NULL)
		return;
	version_unpack(version);
	plan_pair(&version->tags, &version->tag_count, key, value);
}

void state_plan_model_tag(struct registry_state *state, const char *key, const char *value)
{
	plan_pair(&state->model.tags, &state->model.tag_count, key, value);
}

int64_t state_plan_version(struct registry_state *state, const struct version_request *request)
{
	struct versions *versions = &state->versions;
	struct version version = {0};
	version.number = versions->count > 0 ? versions->items[versions->count - 1].number + 1 : 1;
	version.stage = text_copy("None");
	version.status = text_copy("READY");
	version.source = text_copy(request->source);
	version.run_id = text_copy(request->run_id);
	version.description = text_copy(request->description);
	version.created_ms = clock_now_ms();
	versions->items = memory_grow(versions->items, versions->count + 1, sizeof(version));
	versions->items[versions->count++] = version;
	for (size_t i = 0; i < request->tag_count; i++)
		state_plan_tag(state, version.number, request->tags[i].key, request->tags[i].value);
	return version.number;
}

void state_plan_transition(struct registry_state *state, int64_t winner)
{
	for (size_t i = 0; i < state->versions.count; i++) {
		struct version *version = &state->versions.items[i];
		bool wins = version->number == winner;
		if (!wins && !text_equal(version->stage, STAGE_PRODUCTION))
			continue;
		free(version->stage);
		version->stage = text_copy(wins ? STAGE_PRODUCTION : STAGE_ARCHIVED);
	}
}

void state_plan_alias(struct registry_state *state, const char *alias, int64_t number)
{
	struct registered_model *model = &state->model;
	for (size_t i = 0; i < model->alias_count; i++) {
		if (strcmp(model->aliases[i].name, alias) == 0) {
			model->aliases[i].version = number;
			return;
		}
	}
	model->aliases =
		memory_grow(model->aliases, model->alias_count + 1, sizeof(*model->aliases));
	model->aliases[model->alias_count++] =
		(struct alias){.name = text_copy(alias), .version = number};
}
