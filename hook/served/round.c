#include "served/round.h"

#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/memory.h"
#include "base/stop.h"
#include "http/http.h"
#include "http/response.h"
#include "http/types.h"
#include "http/url.h"
#include "served/identity.h"
#include "served/replicas.h"
#include "served/server.h"

enum { SHOWN_MAX = 3 }; /* replicas with a problem that are told one by one */

/* struct asking - what the requests of one round share */
struct asking {
	const struct served *served;
	const struct served_call *call;
	struct service_client client;
};

/* struct question - one replica's request on its way; owns its texts */
struct question {
	struct text url, body;
	struct http_request request;
	struct http_response response;
};

static void ask(const struct asking *asking, const struct served_replica *replica,
	struct question *question)
{
	const struct served *served = asking->served;
	*question = (struct question){0};
	text_add_string(&question->url, replica->url);
	served->server->question(served, asking->call, &question->url, &question->body);
	question->request = (struct http_request){
		.method = question->body.size > 0 ? "POST" : "GET",
		.url = text_string(&question->url),
		.content_type = question->body.size > 0 ? "application/json" : NULL,
		.headers = (const char *const *)asking->client.lines,
		.body = {.bytes = question->body.data, .size = question->body.size},
		.max_tries = 1,
		.fresh_connection = true,
		.connect_to = replica->connect_to,
	};
}

static void question_release(struct question *question)
{
	http_response_release(&question->response);
	text_release(&question->url);
	text_release(&question->body);
}

/* The request's own name stands in front of every message of http, and again in ours. */
static const char *without_noun(const struct fail *f, const struct question *question)
{
	char *shown = http_url_show(question->request.url);
	char *noun = text_format("%s %.200s: ", question->request.method, shown);
	const char *text = text_starts_with(f->text, noun) ? f->text + strlen(noun) : f->text;
	free(noun);
	free(shown);
	return text;
}

static void read_failure(const struct served *served, const struct http_exchange *exchange,
	const struct question *question, struct served_seen *seen)
{
	seen->failed = true;
	if (question->response.ms >= served->request_timeout_ms)
		seen->problem = text_format(
			"no answer within %.1f s", (double)served->request_timeout_ms / 1000);
	else
		seen->problem = text_copy(without_noun(&exchange->fail, question));
	seen->is_final = exchange->fail.status == STATUS_CONFIGURATION ||
			 exchange->fail.status == STATUS_DENIED;
}

static void read_exchange(const struct served *served, const struct served_call *call,
	const struct http_exchange *exchange, struct question *question, struct served_seen *seen)
{
	long status = question->response.status;
	seen->ms = question->response.ms;
	if (exchange->result != 0) {
		read_failure(served, exchange, question, seen);
	} else if (status < 200 || status > 299) {
		seen->failed = true;
		seen->problem = text_format("HTTP %ld", status);
		seen->is_final = status == 401 || status == 403;
	} else {
		served->server->read(served, call->deploy.model, &question->response, seen);
	}
}

static void ask_some(struct asking *asking, const struct served_replica *replicas,
	struct served_seen *seen, size_t count)
{
	struct question questions[HTTP_TOGETHER_MAX];
	struct http_exchange exchanges[HTTP_TOGETHER_MAX];
	for (size_t i = 0; i < count; i++) {
		ask(asking, &replicas[i], &questions[i]);
		exchanges[i] = (struct http_exchange){
			.request = &questions[i].request, .response = &questions[i].response};
		seen[i].replica = text_copy(replicas[i].shown);
	}
	http_send_all(&asking->client.http, exchanges, count);
	for (size_t i = 0; i < count; i++) {
		read_exchange(asking->served, asking->call, &exchanges[i], &questions[i], &seen[i]);
		question_release(&questions[i]);
	}
}

static int ask_all(struct asking *asking, const struct served_replica_list *list,
	struct served_round *round, struct fail *f)
{
	struct http *http = &asking->client.http;
	int result = 0;
	size_t before = round->count;
	round->items = memory_grow(round->items, before + list->count, sizeof(*round->items));
	memset(round->items + before, 0, list->count * sizeof(*round->items));
	round->count += list->count;
	for (size_t i = 0; result == 0 && i < list->count; i += HTTP_TOGETHER_MAX) {
		size_t rest = list->count - i;
		http->deadline = deadline_within(
			asking->call->deploy.deadline, asking->served->request_timeout_ms);
		ask_some(asking, &list->items[i], &round->items[before + i],
			rest < HTTP_TOGETHER_MAX ? rest : HTTP_TOGETHER_MAX);
		result = stop_check(f);
	}
	return result;
}

/* A replica that nobody can see serves nothing. */
static void add_problem(struct served_round *round, const char *replica, char *problem)
{
	round->items = memory_grow(round->items, round->count + 1, sizeof(*round->items));
	round->items[round->count++] =
		(struct served_seen){.replica = text_copy(replica), .problem = problem};
}

/* Who is there to be asked; that nobody is, or not as many as there should be, may pass. */
static int find_replicas(struct asking *asking, struct served_replica_list *list,
	struct served_round *round, struct fail *f)
{
	const struct served_replicas *replicas = &asking->served->replicas;
	if (served_replicas_find(asking->served, asking->client.url, asking->call->deploy.deadline,
		    list, f) != 0) {
		if (f->status != STATUS_LATER)
			return -1;
		add_problem(round, replicas->dns, text_copy(f->text));
		return 0;
	}
	if (replicas->count > 0 && list->count != (size_t)replicas->count)
		add_problem(round, "replicas",
			text_format("there are %zu, expected %lld", list->count,
				(long long)replicas->count));
	return 0;
}

int served_round_ask(const struct served *served, const struct served_call *call,
	struct served_round *round, struct fail *f)
{
	struct served_replica_list list = {0};
	struct asking asking = {.served = served, .call = call};
	*round = (struct served_round){0};
	int result = service_open(&asking.client, &served->service, &call->deploy, f);
	if (result == 0)
		result = find_replicas(&asking, &list, round, f);
	if (result == 0 && list.count > 0)
		result = ask_all(&asking, &list, round, f);
	served_replicas_release(&list);
	service_close(&asking.client);
	return result;
}

void served_round_release(struct served_round *round)
{
	for (size_t i = 0; i < round->count; i++) {
		free(round->items[i].replica);
		free(round->items[i].said);
		free(round->items[i].problem);
	}
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
