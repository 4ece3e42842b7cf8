#include "mlflow/call.h"

#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/panic.h"
#include "base/random.h"
#include "base/stop.h"
#include "base/text.h"
#include "http/http.h"
#include "http/plan.h"
#include "http/types.h"
#include "packaging/json/json.h"

#define API "/api/2.0/mlflow/"
#define MEETING_TRIES 8

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

/* What every request to the server carries. */
static void equip(struct http_request *request, const char *const *headers, size_t response_max)
{
	request->headers = headers;
	request->authorized = true;
	request->max_response = response_max;
	if (request->is_permanent == NULL)
		request->is_permanent = mlflow_is_permanent;
}

int mlflow_send(struct mlflow *m, struct http_request *request, const char *named,
	struct mlflow_reply *reply, struct fail *f)
{
	char *workspace;
	*reply = (struct mlflow_reply){.method = request->method, .path = named};
	if (workspace_header(m, &workspace, f) != 0)
		return -1;
	const char *headers[] = {workspace, NULL};
	equip(request, headers, m->response_max);
	int result = http_send(m->http, request, &reply->http, f);
	if (result == 0)
		mlflow_reply_read(reply);
	request->headers = NULL;
	free(workspace);
	return result;
}

static char *url_of(const struct mlflow *m, const char *path, const char *query)
{
	bool asks = query != NULL && query[0] != '\0';
	return text_format("%s" API "%s%s%s", m->base, path, asks ? "?" : "", asks ? query : "");
}

/* mlflow_prefetched - answers that wait to be asked for; owns all of it */
struct mlflow_prefetched {
	struct prefetched_response {
		char *url;
		struct mlflow_reply reply;
		int result;
		struct fail fail;
	} responses[MLFLOW_PREFETCH_MAX];
	size_t count;
};

struct mlflow mlflow_beside(const struct mlflow *m, struct http *http)
{
	struct mlflow beside = *m;
	beside.prefetched = NULL;
	beside.http = http;
	return beside;
}

void mlflow_prefetch_drop(struct mlflow *m)
{
	if (m->prefetched == NULL)
		return;
	for (size_t i = 0; i < m->prefetched->count; i++) {
		free(m->prefetched->responses[i].url);
		mlflow_reply_release(&m->prefetched->responses[i].reply);
	}
	free(m->prefetched);
	m->prefetched = NULL;
}

static void send_prefetches(
	struct mlflow_prefetched *prefetched, struct http *http, const char *const *headers)
{
	struct http_request requests[MLFLOW_PREFETCH_MAX];
	struct http_exchange exchanges[MLFLOW_PREFETCH_MAX];
	for (size_t i = 0; i < prefetched->count; i++) {
		struct prefetched_response *response = &prefetched->responses[i];
		requests[i] = (struct http_request){.method = "GET", .url = response->url};
		equip(&requests[i], headers, 0);
		exchanges[i] = (struct http_exchange){
			.request = &requests[i], .response = &response->reply.http};
	}
	http_send_all(http, exchanges, prefetched->count);
	for (size_t i = 0; i < prefetched->count; i++) {
		prefetched->responses[i].result = exchanges[i].result;
		prefetched->responses[i].fail = exchanges[i].fail;
		if (exchanges[i].result == 0)
			mlflow_reply_read(&prefetched->responses[i].reply);
	}
}

void mlflow_prefetch(struct mlflow *m, const struct mlflow_question *questions, size_t count)
{
	char *workspace;
	struct fail ignored;
	INVARIANT(count <= MLFLOW_PREFETCH_MAX);
	mlflow_prefetch_drop(m);
	m->prefetched = memory_get(1, sizeof(*m->prefetched));
	for (size_t i = 0; i < count; i++) {
		m->prefetched->responses[i].url = url_of(m, questions[i].path, questions[i].query);
		m->prefetched->responses[i].reply =
			(struct mlflow_reply){.method = "GET", .path = questions[i].path};
		free(questions[i].query);
	}
	m->prefetched->count = count;
	if (workspace_header(m, &workspace, &ignored) != 0) {
		mlflow_prefetch_drop(m);
		return;
	}
	const char *headers[] = {workspace, NULL};
	send_prefetches(m->prefetched, m->http, headers);
	free(workspace);
}

/* Hands over the prefetched response to url; each is taken once. */
static bool take_prefetched(
	struct mlflow *m, const char *url, struct mlflow_reply *reply, int *result, struct fail *f)
{
	for (size_t i = 0; m->prefetched != NULL && i < m->prefetched->count; i++) {
		struct prefetched_response *response = &m->prefetched->responses[i];
		if (!text_equal(response->url, url))
			continue;
		*reply = response->reply;
		*result = response->result;
		if (response->result != 0)
			*f = response->fail;
		free(response->url);
		*response = (struct prefetched_response){0};
		return true;
	}
	return false;
}

static int call(struct mlflow *m, const struct mlflow_write *what, const char *query,
	struct mlflow_reply *reply, struct fail *f)
{
	struct text body = {0};
	if (what->body != NULL)
		json_print(what->body, &body);
	char *url = url_of(m, what->path, query);
	struct http_request request = {
		.method = what->method,
		.url = url,
		.content_type = what->body != NULL ? "application/json" : NULL,
		.body = {.bytes = body.data, .size = body.size},
		.sink = what->sink,
		.repeat = what->repeat,
	};
	int result;
	if (what->body != NULL || !take_prefetched(m, url, reply, &result, f))
		result = mlflow_send(m, &request, what->path, reply, f);
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

int mlflow_get_into(struct mlflow *m, const char *path, char *query, const struct http_sink *sink,
	struct mlflow_reply *reply, struct fail *f)
{
	struct mlflow_write what = {.method = "GET", .path = path, .sink = sink};
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

static bool is_planned(struct mlflow *m, const char *method, const char *path, const char *more)
{
	if (m->plan != NULL)
		plan_add(m->plan, method, path, more);
	return m->plan != NULL;
}

/* MLflow sets a tag or an alias by looking for its row and making one where there is none. Of two
 * that set the same one for the first time, one can be told of the database's unique constraint, as
 * if its request were wrong. Nothing of it was carried out; the row is there now, and the same
 * request works. */
static bool met_another(const struct mlflow_reply *reply)
{
	/* SQLite, PostgreSQL, MySQL */
	static const char *const words[] = {
		"UNIQUE constraint", "UniqueViolation", "Duplicate entry", NULL};
	if (reply->http.status != 400)
		return false;
	for (const char *const *word = words; *word != NULL; word++)
		if (strstr(reply->message, *word) != NULL)
			return true;
	return false;
}

static int send_write(struct mlflow *m, const struct mlflow_write *write,
	struct mlflow_reply *reply, struct fail *f)
{
	int result = call(m, write, NULL, reply, f);
	for (int tries = 1; result == 0 && met_another(reply) && tries < MEETING_TRIES; tries++) {
		mlflow_reply_release(reply);
		if (stop_sleep(20 + (int64_t)random_below(80), f) != 0)
			return -1;
		result = call(m, write, NULL, reply, f);
	}
	return result;
}

int mlflow_write(struct mlflow *m, const struct mlflow_write *write, struct mlflow_reply *reply,
	struct fail *f)
{
	int result = 0;
	struct text body = {0};
	json_print(write->body, &body);
	if (is_planned(m, write->method, write->path, text_string(&body)))
		*reply = (struct mlflow_reply){
			.method = write->method, .path = write->path, .planned = true};
	else
		result = send_write(m, write, reply, f);
	text_release(&body);
	json_release(write->body);
	return result;
}
