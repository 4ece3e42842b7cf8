#include "registry/scan.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"
#include "mlflow/all_versions.h"
#include "mlflow/mlflow.h"
#include "mlflow/models.h"
#include "mlflow/types.h"
#include "registry/artifact_check.h"
#include "registry/registry.h"

#define CHANGED_LATELY_MS 120000

struct scan {
	const struct registry_options *options;
	struct mlflow *mlflow; /* of the thread that is at work */
	scan_function *each;
	void *context;
	struct registered_models models; /* all of them, by name */
	bool *seen;			 /* of each: its versions were there */
	bool asked_aliases, has_aliases; /* what the server has, once it matters */
};

static bool tells_of_aliases(const struct anomalies *anomalies)
{
	for (size_t i = 0; i < anomalies->count; i++)
		if (strcmp(anomalies->items[i].kind, "alias_apart") == 0)
			return true;
	return false;
}

/* A server without aliases, which a promoter takes for granted until it is told, lacks none. */
static int find(struct scan *s, const struct registry_state *state, struct anomalies *anomalies,
	struct fail *f)
{
	bool kept = s->options->promote_by != PROMOTE_BY_STAGE;
	anomalies_find(state, kept && (!s->asked_aliases || s->has_aliases), anomalies);
	if (!tells_of_aliases(anomalies) || s->asked_aliases)
		return 0;
	anomalies_release(anomalies);
	if (mlflow_has_aliases(s->mlflow, state->model.name, &s->has_aliases, f) != 0)
		return -1;
	s->asked_aliases = true;
	return find(s, state, anomalies, f);
}

static int check_files(struct scan *s, const char *model, const struct registry_state *state,
	struct anomalies *anomalies, struct fail *f)
{
	for (size_t i = 0; i < state->versions.count; i++) {
		const struct version *version = &state->versions.items[i];
		const char *lacks;
		if (!state_is_production(state, version))
			continue;
		if (artifact_check_ask(s->mlflow, model, version, &lacks, f) != 0)
			return fail_wrap(f, "%s: version %lld", model, (long long)version->number);
		if (lacks != NULL)
			anomalies_add(anomalies, "missing_files",
				text_format("version %lld: %s", (long long)version->number, lacks));
	}
	return 0;
}

static int tell(struct scan *s, const struct registry_state *state, struct fail *f)
{
	const struct registry_options *options = s->options;
	const char *model = state->model.name;
	struct anomalies anomalies;
	int result = 0;
	if (find(s, state, &anomalies, f) != 0)
		return -1;
	if (options->max_age_ms > 0)
		anomalies_find_stale(state, clock_now_ms() - options->max_age_ms, &anomalies);
	if (options->files)
		result = check_files(s, model, state, &anomalies, f);
	if (result == 0)
		result = s->each(s->context, state, &anomalies, f);
	anomalies_release(&anomalies);
	return result;
}

static int read_alone(struct scan *s, const char *model, struct fail *f)
{
	struct registry registry;
	bool found = false;
	int result = registry_open(&registry, s->mlflow, model, s->options->promote_by, f);
	if (result == 0)
		result = registry_read(&registry, &found, f);
	if (result == 0 && !found)
		result = mlflow_no_such_model(
			s->mlflow, model, "modelhook status shows all of them", f);
	if (result == 0)
		result = tell(s, &registry.state, f);
	registry_release(&registry);
	return result;
}

int scan_model(const struct registry_options *options, struct mlflow *mlflow, const char *model,
	scan_function *each, void *context, struct fail *f)
{
	struct scan s = {.options = options, .mlflow = mlflow, .each = each, .context = context};
	return read_alone(&s, model, f);
}

static int look_doubtful(
	struct scan *s, const struct registry_state *state, bool *doubtful, struct fail *f)
{
	struct anomalies anomalies;
	int64_t changed = 0;
	if (find(s, state, &anomalies, f) != 0)
		return -1;
	int64_t unlisted[UNLISTED_MAX];
	bool wrong = anomalies.count > 0;
	anomalies_release(&anomalies);
	for (size_t i = 0; i < state->versions.count; i++)
		if (state->versions.items[i].updated_ms > changed)
			changed = state->versions.items[i].updated_ms;
	*doubtful = (wrong && changed > clock_now_ms() - CHANGED_LATELY_MS) ||
		    state_unlisted(state, unlisted) > 0;
	return 0;
}

static int by_name(const void *key, const void *model)
{
	return strcmp(key, ((const struct registered_model *)model)->name);
}

/* A model that was registered since the models were searched is left out. */
static int take_versions(
	void *context, struct mlflow *m, const struct versions *versions, struct fail *f)
{
	struct scan *s = context;
	s->mlflow = m;
	const struct registered_model *model =
		s->models.count == 0 ? NULL
				     : bsearch(versions->items[0].model, s->models.items,
					       s->models.count, sizeof(*model), by_name);
	if (model == NULL)
		return 0;
	struct registry_state state = {.model = *model, .versions = *versions};
	state.stages = s->options->promote_by != PROMOTE_BY_ALIAS && !state_lacks_stages(&state);
	s->seen[model - s->models.items] = true;
	bool doubtful;
	if (look_doubtful(s, &state, &doubtful, f) != 0)
		return -1;
	return doubtful ? read_alone(s, model->name, f) : tell(s, &state, f);
}

/* Models without versions; or all, where the server cannot search all versions. */
static int take_rest(struct scan *s, bool walked, struct fail *f)
{
	int64_t unlisted[UNLISTED_MAX];
	for (size_t i = 0; i < s->models.count; i++) {
		struct registry_state state = {.model = s->models.items[i], .stages = true};
		if (s->seen[i])
			continue;
		bool whole = walked && state_unlisted(&state, unlisted) == 0;
		if ((whole ? tell(s, &state, f) : read_alone(s, state.model.name, f)) != 0)
			return -1;
	}
	return 0;
}

int scan_registry(const struct registry_options *options, struct mlflow *mlflow,
	scan_function *each, void *context, struct fail *f)
{
	struct scan s = {.options = options, .mlflow = mlflow, .each = each, .context = context};
	bool supported;
	if (mlflow_search_models(mlflow, &s.models, f) != 0)
		return -1;
	s.seen = memory_get(s.models.count, sizeof(*s.seen));
	int result = mlflow_all_versions(mlflow, take_versions, &s, &supported, f);
	s.mlflow = mlflow;
	if (result == 0)
		result = take_rest(&s, supported, f);
	registered_models_release(&s.models);
	free(s.seen);
	return result;
}
