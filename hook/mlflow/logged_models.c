#include "mlflow/logged_models.h"

#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/text.h"
#include "http/url.h"
#include "mlflow/call.h"
#include "mlflow/page.h"
#include "mlflow/read.h"
#include "mlflow/reply.h"
#include "packaging/json/json.h"

struct logged_search {
	const char *experiment_id;
	const char *name;
	const char *run_id;
	struct logged_models *models;
};

/* The filter is the server's business; what it lets through is ours. */
static void keep_matching(struct logged_models *models, const char *name, const char *run_id)
{
	size_t kept = 0;
	for (size_t i = 0; i < models->count; i++) {
		struct logged_model *model = &models->items[i];
		if (text_equal(model->name, name) && text_equal(model->source_run_id, run_id))
			models->items[kept++] = *model;
		else
			logged_model_release(model);
	}
	models->count = kept;
}

static int logged_page(struct mlflow *m, void *context, const char *token, char **next, bool *added,
	struct fail *f)
{
	struct logged_search *search = context;
	struct mlflow_reply reply;
	size_t before = search->models->count;
	struct cJSON *body = json_new_object(), *experiments = json_new_array();
	char *filter =
		text_format("name = '%s' AND source_run_id = '%s'", search->name, search->run_id);
	json_append(experiments, json_new_string(search->experiment_id));
	json_set(body, "experiment_ids", experiments);
	json_set_string(body, "filter", filter);
	if (token != NULL)
		json_set_string(body, "page_token", token);
	free(filter);
	int result = mlflow_post(m, "logged-models/search", body, &reply, f);
	if (result == 0 && !mlflow_is_unsupported(&reply)) {
		result = mlflow_expect(m, &reply, f);
		if (result == 0 &&
			mlflow_read_logged_models(&reply.http.body, search->models, next, f) != 0)
			result = fail_wrap(f, "logged-models/search");
	}
	if (result == 0)
		keep_matching(search->models, search->name, search->run_id);
	*added = search->models->count > before;
	mlflow_reply_release(&reply);
	return result;
}

static int newest_first(const void *a, const void *b)
{
	const struct logged_model *x = a, *y = b;
	if (x->created_ms != y->created_ms)
		return x->created_ms > y->created_ms ? -1 : 1;
	return strcmp(x->id, y->id);
}

int mlflow_search_logged_models(struct mlflow *m, const char *experiment_id, const char *name,
	const char *run_id, struct logged_models *models, struct fail *f)
{
	struct logged_search search = {experiment_id, name, run_id, models};
	*models = (struct logged_models){0};
	/* MLflow allows no quote in such a name, so that no model can have this one. */
	if (strpbrk(name, "'\"") != NULL || strpbrk(run_id, "'\"") != NULL)
		return 0;
	if (mlflow_pages(m, "logged-models/search", logged_page, &search, f) != 0) {
		logged_models_release(models);
		return -1;
	}
	if (models->count > 1)
		qsort(models->items, models->count, sizeof(*models->items), newest_first);
	return 0;
}

int mlflow_get_logged_model(
	struct mlflow *m, const char *id, struct logged_model *model, bool *found, struct fail *f)
{
	struct mlflow_reply reply;
	char *escaped = http_escape_path(id);
	char *path = text_format("logged-models/%s", escaped);
	*model = (struct logged_model){0};
	int result = mlflow_get(m, path, NULL, &reply, f);
	*found = result == 0 && !mlflow_is_missing(&reply) && !mlflow_is_unsupported(&reply);
	if (*found)
		result = mlflow_expect(m, &reply, f);
	if (*found && result == 0 &&
		(mlflow_read_logged_model(&reply.http.body, model, f) != 0 ||
			mlflow_check_named("model_id", model->id, id, f) != 0))
		result = fail_wrap(f, "logged-models");
	if (result != 0)
		logged_model_release(model);
	free(path);
	free(escaped);
	mlflow_reply_release(&reply);
	return result;
}
