#include "registry/scan.h"

#include <stdlib.h>
#include <string.h>

#include "mlflow/all_versions.h"
#include "registry/artifact_check.h"
#include "registry/registry.h"

#define CHANGED_LATELY_MS 120000

struct survey {
	const struct registry_options *options;
	struct mlflow *mlflow; /* of the thread that is at work */
	survey_function *each;
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
static int find(struct survey *s, const struct standing *standing, struct anomalies *anomalies,
	struct fail *f)
{
	bool kept = s->options->promote_by != PROMOTE_BY_STAGE;
	anomalies_find(standing, kept && (!s->asked_aliases || s->has_aliases), anomalies);
	if (!tells_of_aliases(anomalies) || s->asked_aliases)
		return 0;
	anomalies_release(anomalies);
	if (mlflow_has_aliases(s->mlflow, standing->model.name, &s->has_aliases, f) != 0)
		return -1;
	s->asked_aliases = true;
	return find(s, standing, anomalies, f);
}

static int check_files(struct survey *s, const char *model, const struct standing *standing,
	struct anomalies *anomalies, struct fail *f)
{
	for (size_t i = 0; i < standing->versions.count; i++) {
		const struct version *version = &standing->versions.items[i];
		const char *lacks;
		if (!standing_is_production(standing, version))
			continue;
		if (proof_ask(s->mlflow, model, version, &lacks, f) != 0)
			return fail_in(f, "%s: version %lld", model, (long long)version->number);
		if (lacks != NULL)
			anomalies_add(anomalies, "missing_files",
				text_format("version %lld: %s", (long long)version->number, lacks));
	}
	return 0;
}

static int tell(struct survey *s, const struct standing *standing, struct fail *f)
{
	const struct registry_options *options = s->options;
	const char *model = standing->model.name;
	struct anomalies anomalies;
	int result = 0;
	if (find(s, standing, &anomalies, f) != 0)
		return -1;
	if (options->max_age_ms > 0)
		anomalies_find_stale(standing, clock_now_ms() - options->max_age_ms, &anomalies);
	if (options->files)
		result = check_files(s, model, standing, &anomalies, f);
	if (result == 0)
		result = s->each(s->context, standing, &anomalies, f);
	anomalies_release(&anomalies);
	return result;
}

static int read_alone(struct survey *s, const char *model, struct fail *f)
{
	struct registry registry;
	bool found = false;
	int result = registry_open(&registry, s->mlflow, model, s->options->promote_by, f);
	if (result == 0)
		result = registry_read(&registry, &found, f);
	if (result == 0 && !found)
		result = fail_set(f, STATUS_REFUSED, "%s: no such registered model", model);
	if (result == 0)
		result = tell(s, &registry.standing, f);
	registry_release(&registry);
	return result;
}

int survey_model(const struct registry_options *options, struct mlflow *mlflow, const char *model,
	survey_function *each, void *context, struct fail *f)
{
	struct survey s = {.options = options, .mlflow = mlflow, .each = each, .context = context};
	return read_alone(&s, model, f);
}

static int look_doubtful(
	struct survey *s, const struct standing *standing, bool *doubtful, struct fail *f)
{
	struct anomalies anomalies;
	int64_t changed = 0;
	if (find(s, standing, &anomalies, f) != 0)
		return -1;
	int64_t unlisted[UNLISTED_MAX];
	bool wrong = anomalies.count > 0;
	anomalies_release(&anomalies);
	for (size_t i = 0; i < standing->versions.count; i++)
		if (standing->versions.items[i].updated_ms > changed)
			changed = standing->versions.items[i].updated_ms;
	*doubtful = (wrong && changed > clock_now_ms() - CHANGED_LATELY_MS) ||
		    standing_unlisted(standing, unlisted) > 0;
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
	struct survey *s = context;
	s->mlflow = m;
	const struct registered_model *model =
		s->models.count == 0 ? NULL
				     : bsearch(versions->items[0].model, s->models.items,
					       s->models.count, sizeof(*model), by_name);
	if (model == NULL)
		return 0;
	struct standing standing = {.model = *model, .versions = *versions};
	standing.stages =
		s->options->promote_by != PROMOTE_BY_ALIAS && !standing_lacks_stages(&standing);
	s->seen[model - s->models.items] = true;
	bool doubtful;
	if (look_doubtful(s, &standing, &doubtful, f) != 0)
		return -1;
	return doubtful ? read_alone(s, model->name, f) : tell(s, &standing, f);
}

/* Models without versions; or all, where the server cannot search all versions. */
static int take_rest(struct survey *s, bool walked, struct fail *f)
{
	int64_t unlisted[UNLISTED_MAX];
	for (size_t i = 0; i < s->models.count; i++) {
		struct standing standing = {.model = s->models.items[i], .stages = true};
		if (s->seen[i])
			continue;
		bool whole = walked && standing_unlisted(&standing, unlisted) == 0;
		if ((whole ? tell(s, &standing, f) : read_alone(s, standing.model.name, f)) != 0)
			return -1;
	}
	return 0;
}

int survey(const struct registry_options *options, struct mlflow *mlflow, survey_function *each,
	void *context, struct fail *f)
{
	struct survey s = {.options = options, .mlflow = mlflow, .each = each, .context = context};
	bool supported;
	if (mlflow_search_models(mlflow, &s.models, f) != 0)
		return -1;
	s.seen = memory_get(s.models.count, sizeof(*s.seen));
	int result = mlflow_walk(mlflow, take_versions, &s, &supported, f);
	s.mlflow = mlflow;
	if (result == 0)
		result = take_rest(&s, supported, f);
	registered_models_release(&s.models);
	free(s.seen);
	return result;
}
