#include "served/round.h"

#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/memory.h"
#include "base/stop.h"
#include "http/http.h"
#include "http/response.h"
#include "http/types.h"
#include "served/identity.h"
#include "served/route.h"
#include "served/server.h"

enum { SHOWN_MAX = 3 }; /* replicas with a problem that are told one by one */

/* struct question - one replica's request on its way; owns its texts */
struct question {
	struct text url, body;
	struct http_request request;
	struct http_response response;
};

static void ask(const struct served_route *route, const struct served_replica *replica,
	struct question *question)
{
	const struct served *served = route->served;
	*question = (struct question){0};
	text_add_string(&question->url, replica->url);
	served->server->question(served, route->call, &question->url, &question->body);
	if (text_equal(text_string(&question->url), replica->root))
		text_add_string(&question->url, "/");
	question->request =
		served_route_request(route, replica, text_string(&question->url), &question->body);
	question->request.fresh_connection = !served->replicas.by_proxy;
}

static void question_release(struct question *question)
{
	http_response_release(&question->response);
	text_release(&question->url);
	text_release(&question->body);
}

static void read_failure(const struct served_route *route, const struct http_exchange *exchange,
	struct served_seen *seen)
{
	seen->failed = true;
	seen->problem = served_route_failure(route, exchange);
	seen->is_final = exchange->fail.status == STATUS_CONFIGURATION ||
			 exchange->fail.status == STATUS_DENIED;
}

/* An API server says why it does not pass a request on. Where it answers 401, the next round reads
 * the token anew before it lists the pods. */
static void read_refusal(
	const struct served *served, const struct http_response *response, struct served_seen *seen)
{
	bool proxied = served->replicas.by_proxy;
	char line[240] = "";
	long status = response->status;
	if (proxied)
		service_says(response, line, sizeof(line));
	seen->failed = true;
	seen->problem = text_format("HTTP %ld%s%s", status, line[0] != '\0' ? ": " : "", line);
	seen->is_final = status == 403 || (status == 401 && !proxied);
}

static void read_exchange(const struct served_route *route, const struct http_exchange *exchange,
	const struct question *question, struct served_seen *seen)
{
	const struct served *served = route->served;
	long status = question->response.status;
	seen->ms = question->response.ms;
	if (exchange->result != 0)
		read_failure(route, exchange, seen);
	else if (status < 200 || status > 299)
		read_refusal(served, &question->response, seen);
	else
		served->server->read(served, route->call->deploy.model, &question->response, seen);
}

static void ask_some(struct served_route *route, const struct served_replica *replicas,
	struct served_seen *seen, size_t count)
{
	struct question questions[HTTP_TOGETHER_MAX];
	struct http_exchange exchanges[HTTP_TOGETHER_MAX];
	for (size_t i = 0; i < count; i++) {
		ask(route, &replicas[i], &questions[i]);
		exchanges[i] = (struct http_exchange){
			.request = &questions[i].request, .response = &questions[i].response};
		seen[i].replica = text_copy(replicas[i].shown);
	}
	served_route_send(route, exchanges, count);
	for (size_t i = 0; i < count; i++) {
		read_exchange(route, &exchanges[i], &questions[i], &seen[i]);
		seen[i].is_gone = replicas[i].is_ending && seen[i].failed;
		question_release(&questions[i]);
	}
}

static void seen_release(struct served_seen *seen)
{
	free(seen->replica);
	free(seen->said);
	free(seen->problem);
}

static void drop_gone(struct served_round *round)
{
	size_t kept = 0;
	for (size_t i = 0; i < round->count; i++) {
		if (round->items[i].is_gone)
			seen_release(&round->items[i]);
		else
			round->items[kept++] = round->items[i];
	}
	round->count = kept;
}

static int ask_all(struct served_route *route, struct served_round *round, struct fail *f)
{
	const struct served_replica_list *list = &route->replicas;
	int result = 0;
	size_t before = round->count;
	round->items = memory_grow(round->items, before + list->count, sizeof(*round->items));
	memset(round->items + before, 0, list->count * sizeof(*round->items));
	round->count += list->count;
	for (size_t i = 0; result == 0 && i < list->count; i += HTTP_TOGETHER_MAX) {
		size_t rest = list->count - i;
		ask_some(route, &list->items[i], &round->items[before + i],
			rest < HTTP_TOGETHER_MAX ? rest : HTTP_TOGETHER_MAX);
		result = stop_check(f);
	}
	drop_gone(round);
	return result;
}

/* A replica that nobody can see serves nothing. */
static void add_problem(struct served_round *round, const char *replica, const char *problem)
{
	round->items = memory_grow(round->items, round->count + 1, sizeof(*round->items));
	round->items[round->count++] =
		(struct served_seen){.replica = text_copy(replica), .problem = text_copy(problem)};
}

/* Who is to be asked, as the settings name it. */
static const char *replicas_name(const struct served_replicas *replicas)
{
	if (replicas->dns != NULL)
		return replicas->dns;
	return replicas->workload.name != NULL ? replicas->workload.name : "replicas";
}

/* That nobody can say who is there, or that not all are there, may pass. */
static int ask_replicas(
	struct served_route *route, int opened, struct served_round *round, struct fail *f)
{
	const struct served_replicas *replicas = &route->served->replicas;
	if (opened != 0 && f->status != STATUS_LATER)
		return -1;
	if (opened != 0) {
		add_problem(round, replicas_name(replicas), f->text);
		round->items[round->count - 1].is_unknown = route->replicas.is_unknown;
		return 0;
	}
	if (route->replicas.problem != NULL)
		add_problem(round, "replicas", route->replicas.problem);
	return route->replicas.count > 0 ? ask_all(route, round, f) : 0;
}

/* The cluster tells of all replicas at once. */
static int look(const struct served *served, const struct served_call *call,
	struct served_round *round, struct fail *f)
{
	round->items = memory_get(1, sizeof(*round->items));
	round->count = 1;
	if (served->server->look(served, call, round->items, f) == 0)
		return 0;
	round->items->problem = text_copy(f->text);
	round->items->is_unknown = true;
	return f->status == STATUS_LATER ? 0 : -1;
}

int served_round_ask(const struct served *served, const struct served_call *call,
	struct served_round *round, struct fail *f)
{
	struct served_route route;
	*round = (struct served_round){0};
	if (served->server->look != NULL)
		return look(served, call, round, f);
	int opened = served_route_open(&route, served, call, f);
	int result = ask_replicas(&route, opened, round, f);
	served_route_close(&route);
	return result;
}

void served_round_release(struct served_round *round)
{
	for (size_t i = 0; i < round->count; i++)
		seen_release(&round->items[i]);
	free(round->items);
	*round = (struct served_round){0};
}

const struct served_seen *served_round_problem(const struct served_round *round)
{
	for (size_t i = 0; i < round->count; i++)
		if (round->items[i].problem != NULL)
			return &round->items[i];
	return NULL;
}

/* How many replicas said the same as number `index`; 0 where an earlier one did. */
static size_t count_alike(const struct served_round *round, size_t index)
{
	size_t count = 0;
	const char *said = round->items[index].said;
	for (size_t i = 0; i < round->count; i++) {
		if (!text_equal(round->items[i].said, said))
			continue;
		if (i < index)
			return 0;
		count++;
	}
	return count;
}

void served_round_describe(
	const struct served *served, const struct served_round *round, struct text *text)
{
	const char *word = served_identity_words[served->identity];
	size_t silent = 0;
	for (size_t i = 0; i < round->count; i++) {
		const struct served_seen *seen = &round->items[i];
		size_t count = seen->said != NULL ? count_alike(round, i) : 0;
		const char *between = text->size > 0 ? "; " : "";
		if (count > 0) {
			text_printf(text, "%s%s ", between, word);
			escape_add(text, seen->said, strlen(seen->said));
			if (round->count > 1)
				text_printf(text, " on %zu replica%s", count, count > 1 ? "s" : "");
		} else if (seen->said == NULL && silent++ < SHOWN_MAX) {
			text_printf(text, "%s%s: %s", between, seen->replica, seen->problem);
		}
	}
	if (silent > SHOWN_MAX)
		text_printf(text, "; %zu more do not say", silent - SHOWN_MAX);
}
