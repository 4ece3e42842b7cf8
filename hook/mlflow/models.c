#include "mlflow/models.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/fail.h"
#include "base/page_tokens.h"
#include "base/suggest.h"
#include "base/text.h"
#include "http/url.h"
#include "mlflow/call.h"
#include "mlflow/page.h"
#include "mlflow/read.h"
#include "mlflow/reply.h"
#include "mlflow/two_ended.h"
#include "packaging/json/json.h"

#define MODELS_PER_PAGE 100

char *mlflow_model_query(const char *name)
{
	char *escaped = http_escape_query(name);
	char *query = text_format("name=%s", escaped);
	free(escaped);
	return query;
}

int mlflow_get_model(struct mlflow *m, const char *name, struct registered_model *model,
	bool *found, struct fail *f)
{
	struct mlflow_reply reply;
	int result = mlflow_get(m, "registered-models/get", mlflow_model_query(name), &reply, f);
	*model = (struct registered_model){0};
	*found = result == 0 && !mlflow_is_missing(&reply);
	if (*found)
		result = mlflow_expect(m, &reply, f);
	if (*found && result == 0 &&
		(mlflow_read_model(&reply.http.body, model, f) != 0 ||
			mlflow_check_named("name", model->name, name, f) != 0))
		result = fail_wrap(f, "registered-models/get");
	mlflow_reply_release(&reply);
	return result;
}

/* models_end - the search from one end of the alphabet */
struct models_end {
	const char *order;
	char *token; /* owned; of the next page */
	struct page_tokens tokens;
};

static char *models_query(const struct models_end *end)
{
	char *escaped = http_escape_query(end->token != NULL ? end->token : "");
	char *query = text_format("max_results=%d&order_by=name%%20%s%s%s", MODELS_PER_PAGE,
		end->order, end->token != NULL ? "&page_token=" : "", escaped);
	free(escaped);
	return query;
}

static int by_name(const void *a, const void *b)
{
	const struct registered_model *x = a, *y = b;
	return strcmp(x->name, y->name);
}

bool registered_model_is_prompt(const struct registered_model *model)
{
	const char *prompt = tag_value(model->tags, model->tag_count, "mlflow.prompt.is_prompt");
	return prompt != NULL && strcasecmp(prompt, "true") == 0;
}

static void drop_prompts(struct registered_models *models)
{
	size_t kept = 0;
	for (size_t i = 0; i < models->count; i++) {
		struct registered_model *model = &models->items[i];
		if (registered_model_is_prompt(model))
			registered_model_release(model);
		else
			models->items[kept++] = *model;
	}
	models->count = kept;
}

/* By name; a model that came from both ends counts once. */
static void sort_models(struct registered_models *models)
{
	size_t kept = 0;
	if (models->count > 1)
		qsort(models->items, models->count, sizeof(*models->items), by_name);
	for (size_t i = 0; i < models->count; i++) {
		if (kept > 0 && by_name(&models->items[kept - 1], &models->items[i]) == 0)
			registered_model_release(&models->items[i]);
		else
			models->items[kept++] = models->items[i];
	}
	models->count = kept;
}

/* The search from both ends of the alphabet. */
struct models_search {
	struct models_end ends[MLFLOW_TWO_ENDED];
	struct registered_models *models;
};

/* Over once a model came from both ends, or one end came to the other. */
static int take_models(struct models_search *search, struct models_end *end,
	const struct text *body, bool *over, struct fail *f)
{
	struct registered_models *models = search->models;
	size_t before = models->count;
	if (mlflow_read_models(body, models, &end->token, f) != 0)
		return fail_wrap(f, "registered-models/search");
	size_t read = models->count;
	sort_models(models);
	*over = *over || end->token == NULL || models->count < read;
	if (*over || page_tokens_follow(&end->tokens, end->token, models->count > before, f) == 0)
		return 0;
	return fail_wrap(f, "registered-models/search");
}

static int models_page(
	void *context, struct mlflow_two_ended *ends, int at, struct mlflow *m, struct fail *f)
{
	struct models_search *search = context;
	struct models_end *end = &search->ends[at];
	struct mlflow_reply reply;
	int result = mlflow_get(m, "registered-models/search", models_query(end), &reply, f);
	free(end->token);
	end->token = NULL;
	if (result == 0)
		result = mlflow_expect(m, &reply, f);
	if (result == 0) {
		mlflow_two_ended_lock(ends);
		result = take_models(search, end, &reply.http.body, &ends->over, f);
		mlflow_two_ended_unlock(ends);
	}
	mlflow_reply_release(&reply);
	return result;
}

int mlflow_search_models(struct mlflow *m, struct registered_models *models, struct fail *f)
{
	struct models_search search = {
		.ends = {{.order = "ASC"}, {.order = "DESC"}}, .models = models};
	*models = (struct registered_models){0};
	int result = mlflow_two_ended_read(m, models_page, &search, f);
	for (int i = 0; i < MLFLOW_TWO_ENDED; i++) {
		free(search.ends[i].token);
		page_tokens_release(&search.ends[i].tokens);
	}
	if (result != 0)
		registered_models_release(models);
	drop_prompts(models);
	return result;
}

char *mlflow_similar_model(struct mlflow *m, const char *name)
{
	struct registered_models models;
	struct fail ignored;
	struct suggestion suggestion = suggest_for(name);
	if (mlflow_search_models(m, &models, &ignored) != 0)
		return NULL;
	for (size_t i = 0; i < models.count; i++)
		suggest_offer(&suggestion, models.items[i].name);
	char *similar = text_copy(suggestion.best);
	registered_models_release(&models);
	return similar;
}

int mlflow_no_such_model(struct mlflow *m, const char *name, const char *otherwise, struct fail *f)
{
	char *similar = mlflow_similar_model(m, name);
	fail_set(f, STATUS_REFUSED, "%s: no such registered model", name);
	if (similar != NULL)
		fail_hint(f, "did you mean %s?", similar);
	else
		fail_hint(f, "%s", otherwise);
	free(similar);
	return -1;
}

int mlflow_create_model(struct mlflow *m, const char *name, struct fail *f)
{
	struct cJSON *body = json_new_object();
	json_set_string(body, "name", name);
	struct mlflow_write write = {
		.method = "POST", .path = "registered-models/create", .body = body};
	struct mlflow_reply reply;
	int result = mlflow_write(m, &write, &reply, f);
	if (result == 0 && strcmp(reply.code, "RESOURCE_ALREADY_EXISTS") != 0)
		result = mlflow_expect(m, &reply, f);
	mlflow_reply_release(&reply);
	return result;
}

int mlflow_delete_model(struct mlflow *m, const char *name, struct fail *f)
{
	struct cJSON *body = json_new_object();
	json_set_string(body, "name", name);
	return mlflow_do_gone(m, "DELETE", "registered-models/delete", body, f);
}

int mlflow_set_model_tag(
	struct mlflow *m, const char *name, const char *key, const char *value, struct fail *f)
{
	struct cJSON *body = json_new_object();
	json_set_string(body, "name", name);
	json_set_string(body, "key", key);
	json_set_string(body, "value", value);
	return mlflow_do(m, "POST", "registered-models/set-tag", body, f);
}

int mlflow_delete_model_tag(struct mlflow *m, const char *name, const char *key, struct fail *f)
{
	struct cJSON *body = json_new_object();
	json_set_string(body, "name", name);
	json_set_string(body, "key", key);
	return mlflow_do_gone(m, "DELETE", "registered-models/delete-tag", body, f);
}

/* Aliases */

static struct cJSON *alias_body(const char *name, const char *alias)
{
	struct cJSON *body = json_new_object();
	json_set_string(body, "name", name);
	json_set_string(body, "alias", alias);
	return body;
}

int mlflow_set_alias(struct mlflow *m, const char *name, const char *alias, int64_t number,
	bool *supported, struct fail *f)
{
	struct cJSON *body = alias_body(name, alias);
	char *version = text_format("%lld", (long long)number);
	json_set_string(body, "version", version);
	free(version);
	return mlflow_try(m, "POST", "registered-models/alias", body, supported, f);
}

int mlflow_delete_alias(
	struct mlflow *m, const char *name, const char *alias, bool *supported, struct fail *f)
{
	return mlflow_try_gone(
		m, "DELETE", "registered-models/alias", alias_body(name, alias), supported, f);
}

int mlflow_has_aliases(struct mlflow *m, const char *name, bool *has, struct fail *f)
{
	struct mlflow_reply reply;
	char *escaped = http_escape_query(name);
	int result = mlflow_get(m, "registered-models/alias",
		text_format("name=%s&alias=production", escaped), &reply, f);
	*has = result == 0 && !mlflow_is_unsupported(&reply);
	/* "No such alias" and "no such model" come from a server that has the call. */
	bool knows = result == 0 && reply.code[0] != '\0' && reply.http.status < 500 &&
		     reply.http.status != 401 && reply.http.status != 403;
	if (*has && !knows)
		result = mlflow_expect(m, &reply, f);
	free(escaped);
	mlflow_reply_release(&reply);
	return result;
}
