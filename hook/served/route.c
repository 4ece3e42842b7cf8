#include "served/route.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "http/http.h"
#include "http/url.h"
#include "served/cluster.h"

static bool is_proxied(const struct served_route *route)
{
	return route->served->replicas.by_proxy;
}

/* Those of the service, and the API server's own Host. */
static void collect_headers(struct served_route *route)
{
	size_t count = 0;
	char **lines = route->client.lines;
	while (lines[count] != NULL)
		count++;
	route->headers = memory_get(count + 2, sizeof(*route->headers));
	for (size_t i = 0; i < count; i++)
		route->headers[i] = lines[i];
	if (is_proxied(route))
		route->headers[count] = route->call->cluster->kubernetes.host_line;
}

int served_route_open(struct served_route *route, const struct served *served,
	const struct served_call *call, struct fail *f)
{
	*route = (struct served_route){.served = served, .call = call};
	if (service_open(&route->client, &served->service, &call->deploy, f) != 0 ||
		served_replicas_find(served, call, route->client.url, &route->replicas, f) != 0)
		return -1;
	collect_headers(route);
	return 0;
}

void served_route_close(struct served_route *route)
{
	free(route->headers);
	served_replicas_release(&route->replicas);
	service_close(&route->client);
}

struct http_request served_route_request(const struct served_route *route,
	const struct served_replica *replica, const char *url, const struct text *body)
{
	return (struct http_request){
		.method = body->size > 0 ? "POST" : "GET",
		.url = url,
		.content_type = body->size > 0 ? "application/json" : NULL,
		.headers = route->headers,
		.authorized = is_proxied(route),
		.body = {.bytes = body->data, .size = body->size},
		.max_tries = 1,
		.redirect_is_answer = is_proxied(route),
		.connect_to = replica->connect_to,
	};
}

void served_route_send(struct served_route *route, struct http_exchange *exchanges, size_t count)
{
	struct http *http =
		is_proxied(route) ? &route->call->cluster->kubernetes.http : &route->client.http;
	http->deadline =
		deadline_within(route->call->deploy.deadline, route->served->request_timeout_ms);
	http_send_all(http, exchanges, count);
}

/* The request's own name stands in front of every message of http, and again in ours. */
static const char *without_noun(const struct http_exchange *exchange)
{
	const struct http_request *request = exchange->request;
	const char *text = exchange->fail.text;
	char *shown = http_url_show(request->url);
	char *noun = text_format("%s %.200s: ", request->method, shown);
	if (text_starts_with(text, noun))
		text += strlen(noun);
	free(noun);
	free(shown);
	return text;
}

char *served_route_failure(const struct served_route *route, const struct http_exchange *exchange)
{
	int64_t limit_ms = route->served->request_timeout_ms;
	if (exchange->response->ms >= limit_ms)
		return text_format("no answer within %.1f s", (double)limit_ms / 1000);
	return text_copy(without_noun(exchange));
}
