/* http_fixture - a scripted server, an open struct http with short pauses, and credentials for it.
 */
#ifndef MODELHOOK_TESTS_HTTP_FIXTURE_H
#define MODELHOOK_TESTS_HTTP_FIXTURE_H

#include <signal.h>

#include "base/clock.h"
#include "base/text.h"
#include "http/engine.h"
#include "http/http.h"
#include "http/login.h"
#include "http/options.h"
#include "http/response.h"
#include "http/types.h"
#include "mlflow/credentials.h"
#include "scripted.h"
#include "unit.h"

#define OK "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
#define BUSY "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"

static struct http_options options;
static struct credentials credentials;
static struct http_login login;
static struct scripted server;
static struct http http;
static struct http_engine *engine; /* NULL: requests go over the struct's own connections */
static struct http_response answer;
static struct fail f;
static char url[200];

static void begin(const struct reply *replies, size_t count)
{
	options = (struct http_options){
		.timeout_ms = 5000,
		.max_retries = 3,
		.backoff_factor = 0.01,
		.respect_retry_after = true,
		.follow_redirects = true,
	};
	scripted_start(&server, replies, count);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/api/x?token=query-secret", server.port);
	credentials = (struct credentials){
		.origin = text_format("http://127.0.0.1:%d", server.port),
		.authorization = text_copy("Bearer header-secret"),
		.kind = "token",
	};
	login = credentials_login(&credentials);
	assert_int_equal(http_open(&http, &options, &login, (struct deadline){0}, &f), 0);
	http.engine = engine;
}

static void end(void)
{
	http_response_release(&answer);
	http_release(&http);
	scripted_stop(&server);
	credentials_release(&credentials);
}

__attribute__((unused)) static bool head_has(const struct scripted *s, size_t i, const char *what)
{
	return i < s->seen && strcasestr(s->heads[i], what) != NULL;
}

#define BEGIN(...)                                                                                 \
	static const struct reply replies[] = {__VA_ARGS__};                                       \
	begin(replies, COUNT(replies))

#endif
