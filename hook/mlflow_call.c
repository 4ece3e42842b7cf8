#include "mlflow_call.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "credentials.h"
#include "mlflow_refusal.h"
#include "packaging/json.h"

#define API "/api/2.0/mlflow/"

void mlflow_reply_release(struct mlflow_reply *reply)
{
	http_answer_release(&reply->http);
	*reply = (struct mlflow_reply){0};
}

bool mlflow_is_final(const struct http_answer *answer)
{
	const char *body = text_string(&answer->body);
	return strstr(body, "FEATURE_DISABLED") != NULL ||
	       strstr(body, "Artifact serving is disabled") != NULL;
}

/* A name from a variable becomes a header: it must not bring lines of its own. */
static int workspace_header(const struct mlflow *m, char **header, struct fail *f)
{
	*header = NULL;
	if (m->workspace == NULL || m->workspace[0] == '\0')
		return 0;
	for (const char *c = m->workspace; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return fail_set(f, STATUS_CONFIGURATION,
				"MLFLOW_WORKSPACE holds a control character");
	*header = text_format("X-MLFLOW-WORKSPACE: %s", m->workspace);
	return 0;
}

int mlflow_send(struct mlflow *m, struct http_request *request, const char *named,
	struct mlflow_reply *reply, struct fail *f)
{
	char *workspace;
	*reply = (struct mlflow_reply){.method = request->method, .path = named};
	if (workspace_header(m, &workspace, f) != 0)
		return -1;
	const char *headers[] = {workspace, NULL};
	request->headers = headers;
	request->authorized = true;
	if (request->is_final == NULL)
		request->is_final = mlflow_is_final;
	int result = http_send(m->http, request, &reply->http, f);
	if (result == 0)
		mlflow_refusal_read(reply);
	request->headers = NULL;
	free(workspace);
	return result;
}

static int call(struct mlflow *m, const struct mlflow_write *what, const char *query,
	struct mlflow_reply *reply, struct fail *f)
{
	struct text body = {0};
	if (what->body != NULL)
		json_print(what->body, &body);
	bool asks = query != NULL && query[0] != '\0';
	char *url = text_format(
		"%s" API "%s%s%s", m->base, what->path, asks ? "?" : "", asks ? query : "");
	struct http_request request = {
		.method = what->method,
		.url = url,
		.content_type = what->body != NULL ? "application/json" : NULL,
		.body = {.bytes = body.data, .size = body.size},
		.repeat = what->repeat,
	};
	int result = mlflow_send(m, &request, what->path, reply, f);
	text_release(&body);
	free(url);
	return result;
}

int mlflow_get(
	struct mlflow *m, const char *path, char *query, struct mlflow_reply *reply, struct fail *f)
{
	struct mlflow_write what = {.method = "GET", .path = path};
	int result = call(m, &what, query, reply, f);
	free(query);
	return result;
}

int mlflow_post(struct mlflow *m, const char *path, struct cJSON *body, struct mlflow_reply *reply,
	struct fail *f)
{
	struct mlflow_write what = {.method = "POST", .path = path, .body = body};
	int result = call(m, &what, NULL, reply, f);
	json_release(body);
	return result;
}

bool mlflow_plan_add(struct mlflow *m, const char *method, const char *path, const char *more)
{
	if (m->plan == NULL)
		return false;
	text_printf(&m->plan->calls, "%s ", method);
	text_add_escaped(&m->plan->calls, path, strlen(path));
	text_add_string(&m->plan->calls, " ");
	text_add_escaped(&m->plan->calls, more, strlen(more));
	text_add_string(&m->plan->calls, "\n");
	m->plan->count++;
	return true;
}

int mlflow_write(struct mlflow *m, const struct mlflow_write *write, struct mlflow_reply *reply,
	struct fail *f)
{
	int result = 0;
	struct text body = {0};
	json_print(write->body, &body);
	if (mlflow_plan_add(m, write->method, write->path, text_string(&body)))
		*reply = (struct mlflow_reply){
			.method = write->method, .path = write->path, .planned = true};
	else
		result = call(m, write, NULL, reply, f);
	text_release(&body);
	json_release(write->body);
	return result;
}
