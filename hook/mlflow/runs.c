#include "mlflow/runs.h"

#include <math.h>
#include <stdlib.h>

#include "base/fail.h"
#include "base/text.h"
#include "http/url.h"
#include "mlflow/call.h"
#include "mlflow/page.h"
#include "mlflow/read.h"
#include "mlflow/reply.h"
#include "packaging/json/json.h"

#define METRICS_PER_CALL 1000 /* the server's own bound for log-batch */

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

int mlflow_delete_run_tag(struct mlflow *m, const char *run_id, const char *key, struct fail *f)
{
	struct cJSON *body = json_new_object();
	json_set_string(body, "run_id", run_id);
	json_set_string(body, "key", key);
	return mlflow_do_gone(m, "POST", "runs/delete-tag", body, f);
}
