#include "served/replay.h"

#include <stdlib.h>

#include "base/stop.h"
#include "http/http.h"
#include "http/response.h"
#include "http/url.h"
#include "packaging/golden/golden.h"
#include "served/golden.h"
#include "served/number.h"
#include "served/route.h"
#include "served/server.h"

/* struct replay - all of it */
struct replay {
	const struct served *served;
	const struct served_call *call;
	struct served_route route;
	struct served_samples *samples;
	struct text *why;
};

/* struct asked - one request on its way; owns what it points to */
struct asked {
	size_t index;
	struct golden_request golden;
	struct text body;
	struct http_request request;
	struct http_response response;
};

static void add_path(const struct served *served, const char *name, struct text *url)
{
	char *model = http_escape_query(served->model != NULL ? served->model : name);
	if (served->golden.path != NULL)
		text_add_string(url, served->golden.path);
	else if (served->golden.protocol == GOLDEN_V1)
		text_printf(url, "/v1/models/%s:predict", model);
	else if (served->golden.protocol == GOLDEN_V2)
		text_printf(url, "/v2/models/%s/infer", model);
	else
		text_add_string(url, "/invocations");
	free(model);
}

/* Where a replica takes requests: below its URL, or, where that is the page on which a service says
 * what it serves, at the same server. */
static char *make_url(const struct replay *replay, const struct served_replica *replica)
{
	struct text url = {0};
	text_add_string(&url, replay->served->server->is_plain ? replica->root : replica->url);
	add_path(replay->served, replay->call->deploy.model->name, &url);
	return text_take(&url);
}

static int prepare(const struct replay *replay, const struct served_replica *replica,
	const char *url, struct asked *asked, struct fail *f)
{
	if (golden_request(replay->call->golden, asked->index, &asked->golden, f) != 0)
		return -1;
	served_golden_body(&replay->served->golden, &asked->golden, &asked->body);
	asked->request = served_route_request(&replay->route, replica, url, &asked->body);
	return 0;
}

static void asked_release(struct asked *asked)
{
	golden_request_release(&asked->golden);
	text_release(&asked->body);
	http_response_release(&asked->response);
}

static double tolerance_of(const struct replay *replay)
{
	double own = replay->served->golden.tolerance;
	return own > 0 ? own : replay->call->tolerance;
}

/* Two versions may give the same answers: where an answer names its version, that decides. */
static void judge_answer(const struct replay *replay, const struct asked *asked, struct text *why)
{
	const struct served *served = replay->served;
	if (served->server->answers_version && served->golden.protocol == GOLDEN_V2) {
		char *answered = server_versions_answered(
			text_string(&asked->response.body), asked->response.body.size);
		char *problem = served_number_problem(served, replay->call->deploy.model, answered);
		text_add_string(why, problem != NULL ? problem : "");
		free(answered);
		free(problem);
	}
	if (why->size == 0)
		(void)served_golden_judge(&served->golden, tolerance_of(replay), &asked->golden,
			&asked->response.body, why);
}

static void judge(struct replay *replay, const struct served_replica *replica,
	const struct http_exchange *exchange, const struct asked *asked)
{
	struct text why = {0};
	char line[160];
	long status = asked->response.status;
	bool failed = exchange->result != 0 || status < 200 || status > 299;
	if (failed && replica->is_ending)
		return;
	served_samples_add(replay->samples, asked->response.ms, failed);
	if (exchange->result != 0) {
		char *failure = served_route_failure(&replay->route, exchange);
		text_add_string(&why, failure);
		free(failure);
	} else if (failed) {
		service_says(&asked->response, line, sizeof(line));
		text_printf(&why, "HTTP %ld%s%s", status, line[0] != '\0' ? ": " : "", line);
	} else {
		judge_answer(replay, asked, &why);
	}
	if (why.size > 0 && replay->why->size == 0)
		text_printf(replay->why, "request %zu at %s: %s", asked->index + 1, replica->shown,
			why.data);
	text_release(&why);
}

/* A few of them side by side, from number `first` on. */
static int ask_some(struct replay *replay, const struct served_replica *replica, const char *url,
	size_t first, struct fail *f)
{
	struct asked asked[HTTP_TOGETHER_MAX];
	struct http_exchange exchanges[HTTP_TOGETHER_MAX];
	size_t count = 0, rest = replay->call->golden->count - first;
	int result = 0;
	for (; result == 0 && count < rest && count < HTTP_TOGETHER_MAX; count++) {
		asked[count] = (struct asked){.index = first + count};
		result = prepare(replay, replica, url, &asked[count], f);
		exchanges[count] = (struct http_exchange){
			.request = &asked[count].request, .response = &asked[count].response};
	}
	if (result == 0) {
		served_route_send(&replay->route, exchanges, count);
		for (size_t i = 0; i < count; i++)
			judge(replay, replica, &exchanges[i], &asked[i]);
		result = stop_check(f);
	}
	for (size_t i = 0; i < count; i++)
		asked_release(&asked[i]);
	return result;
}

static int ask_replica(struct replay *replay, const struct served_replica *replica, struct fail *f)
{
	char *url = make_url(replay, replica);
	int result = 0;
	for (size_t i = 0; result == 0 && replay->why->size == 0 && i < replay->call->golden->count;
		i += HTTP_TOGETHER_MAX)
		result = ask_some(replay, replica, url, i, f);
	free(url);
	return result;
}

int served_replay(const struct served *served, const struct served_call *call,
	struct served_samples *samples, struct text *why, struct fail *f)
{
	struct replay replay = {.served = served, .call = call, .samples = samples, .why = why};
	const struct served_replica_list *list = &replay.route.replicas;
	int result = served_route_open(&replay.route, served, call, f);
	if (result == 0 && list->problem != NULL)
		text_printf(why, "replicas: %s", list->problem);
	if (result != 0 && f->status == STATUS_LATER) { /* it may pass, as in a round */
		text_add_string(why, f->text);
		result = 0;
	}
	for (size_t i = 0; result == 0 && why->size == 0 && i < list->count; i++)
		result = ask_replica(&replay, &list->items[i], f);
	served_route_close(&replay.route);
	return result;
}
