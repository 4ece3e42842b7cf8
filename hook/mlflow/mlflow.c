#include "mlflow/mlflow.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/escape.h"
#include "base/fail.h"
#include "base/text.h"
#include "mlflow/call.h"
#include "mlflow/page.h"
#include "mlflow/read.h"
#include "packaging/json/json.h"

#define METRICS_PER_CALL 1000 /* the server's own bound for log-batch */

/* Greeting */

static bool looks_like_version(const struct http_response *answer)
{
	const char *body = text_string(&answer->body);
	size_t major = strspn(body, "0123456789");
	return answer->status == 200 && answer->body.size < 64 && major > 0 && body[major] == '.';
}

/* A Date has whole seconds: half a one is the best guess at the rest. */
static int64_t skew_of(const struct http_response *answer)
{
	return answer->date_ms > 0 ? answer->date_ms + 500 - clock_now_ms() : 0;
}

static int greet_api(struct mlflow *m, int64_t *skew_ms, struct fail *f)
{
	struct mlflow_reply reply;
	int result =
		mlflow_get(m, "registered-models/search", text_copy("max_results=1"), &reply, f);
	if (result == 0) {
		*skew_ms = skew_of(&reply.http);
		result = mlflow_expect(m, &reply, f);
	}
	mlflow_reply_release(&reply);
	return result;
}

int mlflow_greet(struct mlflow *m, char **server, int64_t *skew_ms, struct fail *f)
{
	struct mlflow_reply reply;
	char *url = text_format("%s/version", m->base);
	struct http_request request = {.method = "GET", .url = url};
	*server = NULL;
	*skew_ms = 0;
	int result = mlflow_send(m, &request, "version", &reply, f);
	free(url);
	if (result == 0 && looks_like_version(&reply.http)) {
		const char *body = text_string(&reply.http.body);
		char said[64];
		*server = text_copy(escape_into(said, sizeof(said), body, strcspn(body, "\r\n ")));
		*skew_ms = skew_of(&reply.http);
	} else if (result == 0) {
		*server = text_copy("");
		result = greet_api(m, skew_ms, f);
	}
	mlflow_reply_release(&reply);
	if (result != 0) {
		free(*server);
		*server = NULL;
	}
	return result;
}

/* Experiments */

int mlflow_get_artifact_location(struct mlflow *m, bool named, const char *wanted, char **location,
	bool *found, struct fail *f)
{
	struct mlflow_reply reply;
	const char *path = named ? "experiments/get-by-name" : "experiments/get";
	char *escaped = http_escape_query(wanted);
	char *query = text_format("experiment_%s=%s", named ? "name" : "id", escaped);
	*location = NULL;
	int result = mlflow_get(m, path, query, &reply, f);
	*found = result == 0 && !mlflow_is_missing(&reply);
	if (*found)
		result = mlflow_expect(m, &reply, f);
	if (*found && result == 0 && mlflow_read_location(&reply.http.body, location, f) != 0)
		result = fail_wrap(f, "%s", path);
	free(escaped);
	mlflow_reply_release(&reply);
	return result;
}

/* Runs */

int mlflow_get_run(
	struct mlflow *m, const char *run_id, struct run *run, bool *found, struct fail *f)
{
	struct mlflow_reply reply;
	char *escaped = http_escape_query(run_id);
	int result = mlflow_get(m, "runs/get", text_format("run_id=%s", escaped), &reply, f);
	*run = (struct run){0};
	*found = result == 0 && !mlflow_is_missing(&reply);
	if (*found)
		result = mlflow_expect(m, &reply, f);
	if (*found && result == 0 &&
		(mlflow_read_run(&reply.http.body, run, f) != 0 ||
			mlflow_check_named("run_id", run->id, run_id, f) != 0))
		result = fail_wrap(f, "runs/get");
	free(escaped);
	mlflow_reply_release(&reply);
	return result;
}

/* What JSON has no number for goes as a string, which MLflow reads back as the number. */
static struct cJSON *metric_value(double value)
{
	if (isnan(value))
		return json_new_string("NaN");
	if (isinf(value))
		return json_new_string(value > 0 ? "Infinity" : "-Infinity");
	return json_new_number(value);
}

static struct cJSON *metrics_body(
	const char *run_id, const struct metric *metrics, size_t count, int64_t at_ms)
{
	struct cJSON *body = json_new_object(), *list = json_new_array();
	for (size_t i = 0; i < count; i++) {
		struct cJSON *item = json_new_object();
		json_set_string(item, "key", metrics[i].key);
		json_set(item, "value", metric_value(metrics[i].value));
		json_set_number(item, "timestamp", (double)at_ms);
		json_set_number(item, "step", 0);
		json_append(list, item);
	}
	json_set_string(body, "run_id", run_id);
	json_set(body, "metrics", list);
	return body;
}

int mlflow_log_metrics(struct mlflow *m, const char *run_id, const struct metric *metrics,
	size_t count, int64_t at_ms, struct fail *f)
{
	for (size_t done = 0; done < count; done += METRICS_PER_CALL) {
		size_t more = count - done;
		if (more > METRICS_PER_CALL)
			more = METRICS_PER_CALL;
		struct cJSON *body = metrics_body(run_id, metrics + done, more, at_ms);
		if (mlflow_do(m, "POST", "runs/log-batch", body, f) != 0)
			return -1;
	}
	return 0;
}

int mlflow_set_run_tag(
	struct mlflow *m, const char *run_id, const char *key, const char *value, struct fail *f)
{
	struct cJSON *body = json_new_object();
	json_set_string(body, "run_id", run_id);
	json_set_string(body, "key", key);
	json_set_string(body, "value", value);
	return mlflow_do(m, "POST", "runs/set-tag", body, f);
}

int mlflow_has_feature(struct mlflow *m, const char *key, bool *has, struct fail *f)
{
	return mlflow_has_features(m, &key, 1, has, f);
}

int mlflow_has_features(
	struct mlflow *m, const char *const *keys, size_t count, bool *has, struct fail *f)
{
	struct mlflow_reply reply;
	char *url = text_format("%s/api/3.0/mlflow/server-info", m->base);
	struct http_request request = {.method = "GET", .url = url};
	int result = mlflow_send(m, &request, "server-info", &reply, f);
	for (size_t i = 0; i < count; i++)
		has[i] = result == 0 && reply.http.status == 200 &&
			 mlflow_read_yes(&reply.http.body, keys[i]);
	mlflow_reply_release(&reply);
	free(url);
	return result;
}

int mlflow_delete_run_tag(struct mlflow *m, const char *run_id, const char *key, struct fail *f)
{
	struct cJSON *body = json_new_object();
	json_set_string(body, "run_id", run_id);
	json_set_string(body, "key", key);
	return mlflow_do_gone(m, "POST", "runs/delete-tag", body, f);
}

/* LoggedModels */

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
