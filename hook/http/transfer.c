#include "http/transfer.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/console.h"
#include "base/escape.h"
#include "base/fail.h"
#include "base/panic.h"
#include "base/text.h"
#include "http/body.h"
#include "http/engine.h"
#include "http/failure.h"
#include "http/request.h"
#include "http/response.h"
#include "http/retry.h"
#include "http/tls.h"
#include "http/types.h"
#include "http/url.h"

#define HOPS_MAX 5

void http_transfer_init(struct http_transfer *t, struct http *http,
	const struct http_request *request, struct http_response *response)
{
	*response = (struct http_response){.tries = 1};
	*t = (struct http_transfer){
		.http = http,
		.request = request,
		.response = response,
		.state = TRANSFER_PAUSING,
		.ipv4 = http->ipv4_only,
		.url = text_copy(request->url),
	};
}

/* From here on no callback of it runs, and its handle can be asked. */
static void halt(struct http_transfer *t)
{
	if (t->engine != NULL)
		http_engine_remove(t->engine, t);
	else
		curl_multi_remove_handle(t->http->multi, t->easy);
}

static void drop_easy(struct http_transfer *t)
{
	if (t->easy == NULL)
		return;
	if (t->state == TRANSFER_MOVING)
		halt(t);
	http_request_release(t);
}

void http_transfer_release(struct http_transfer *t)
{
	drop_easy(t);
	free(t->url);
	t->url = NULL;
	http_proxy_release(&t->proxy);
}

static void finish(struct http_transfer *t, int result)
{
	drop_easy(t);
	t->response->ms = t->started != 0 ? clock_monotonic_ms() - t->started : 0;
	t->state = TRANSFER_DONE;
	t->result = result;
	if (result != 0)
		t->response->status = 0;
}

/* A failure gets the request as its noun. */
static void finish_failed(struct http_transfer *t)
{
	char *shown = http_url_show(t->url);
	fail_wrap(&t->fail, "%s %.200s", t->request->method, shown);
	free(shown);
	finish(t, -1);
}

void http_transfer_abandon(struct http_transfer *t, const struct fail *f)
{
	if (t->state == TRANSFER_MOVING && t->request->repeat == HTTP_NOT_IDEMPOTENT) {
		halt(t);
		t->response->unknown = http_request_was_sent(t);
	}
	t->fail = *f;
	finish(t, -1);
}

static int prepare_again(struct http_transfer *t)
{
	const struct http_request *request = t->request;
	text_clear(&t->response->body);
	free(t->response->content_type);
	t->response->content_type = NULL;
	if (t->begun++ == 0)
		return 0;
	if (http_body_rewind(&request->body, &t->fail) != 0)
		return -1;
	if (request->sink != NULL && request->sink->restart != NULL)
		return request->sink->restart(request->sink->context, &t->fail);
	return 0;
}

void http_transfer_begin(struct http_transfer *t)
{
	if (t->started == 0)
		t->started = clock_monotonic_ms();
	if (deadline_left(t->http->deadline) == 0) {
		fail_set(&t->fail, STATUS_LATER, "the deadline is over");
		finish_failed(t);
		return;
	}
	bool secure = strncasecmp(t->url, "https:", 6) == 0;
	if (prepare_again(t) != 0 || (secure && http_tls_prepare(t->http, &t->fail) != 0)) {
		finish(t, -1);
		return;
	}
	if (http_request_make(t) != 0) {
		finish(t, -1);
		return;
	}
	t->state = TRANSFER_MOVING;
	t->http->requests++;
	if (t->engine != NULL)
		http_engine_add(t->engine, t);
	else
		INVARIANT(curl_multi_add_handle(t->http->multi, t->easy) == CURLM_OK);
}

static void pause_until(struct http_transfer *t, int64_t ms)
{
	drop_easy(t);
	t->state = TRANSFER_PAUSING;
	t->due = clock_monotonic_ms() + ms;
}

/* A try that cost nothing: another hop, another way to resolve the name. */
static void begin_at_once(struct http_transfer *t)
{
	pause_until(t, 0);
}

static int tries_of(const struct http_transfer *t)
{
	int max = t->request->max_tries;
	return max > 0 ? max : http_retry_tries(t->http->options);
}

static void say_again(const struct http_transfer *t, const char *why, int64_t ms)
{
	char *tail = http_url_tail(t->url);
	console_say("%s %s: %s, again in %.1f s (try %d of %d)", t->request->method, tail, why,
		(double)ms / 1000, t->response->tries + 1, tries_of(t));
	free(tail);
}

/* Whether another try was arranged: there is one left, and it begins before the deadline. */
static bool try_again(struct http_transfer *t, const char *why)
{
	int next = t->response->tries + 1;
	int64_t ms = http_retry_wait_ms(t->http, next, tries_of(t), t->retry_after_ms);
	if (ms < 0)
		return false;
	say_again(t, why, ms);
	t->response->tries = next;
	free(t->url);
	t->url = text_copy(t->request->url);
	t->hops = 0;
	free(t->response->from);
	t->response->from = NULL;
	pause_until(t, ms);
	return true;
}

static bool is_read(const struct http_request *request)
{
	return strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0;
}

/* A write keeps its method only with 307 and 308 (RFC 9110 section 15.4); turned into a GET it
 * would be lost without a word. Nothing goes from https to http, and no write to another origin. */
static bool may_follow(const struct http_transfer *t, long status, const char *to)
{
	if (!t->http->options->follow_redirects || t->request->redirect_is_answer ||
		t->hops >= HOPS_MAX)
		return false;
	bool same = http_url_same_origin(t->url, to);
	if (!is_read(t->request))
		return same && (status == 307 || status == 308);
	char *origin = http_url_origin(to);
	bool secure = strncasecmp(t->url, "https:", 6) == 0;
	bool fine = origin != NULL && (!secure || text_starts_with(origin, "https:"));
	free(origin);
	return fine;
}

static bool follow(struct http_transfer *t, long status)
{
	char *to = NULL;
	curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &to);
	if (status < 300 || status > 399 || to == NULL)
		return false;
	if (!may_follow(t, status, to)) {
		t->response->location = http_url_show(to);
		return false;
	}
	char *url = text_copy(to);
	free(t->url);
	t->url = url;
	t->hops++;
	free(t->response->from);
	t->response->from = http_url_show(url);
	begin_at_once(t);
	return true;
}

static bool should_repeat(const struct http_transfer *t)
{
	const struct http_request *request = t->request;
	long status = t->response->status;
	if (!http_retry_is_transient(status))
		return false;
	if (request->is_permanent != NULL && request->is_permanent(t->response))
		return false;
	return request->repeat == HTTP_IDEMPOTENT || status == 429;
}

/* What is compared as it is stored may be stored so; a proxy may also have compressed it unasked.
 */
static void warn_of_coding(struct http_transfer *t)
{
	bool fine = t->response->status >= 200 && t->response->status <= 299;
	if (t->request->coding != HTTP_AS_STORED || !fine || t->http->coding_warned)
		return;
	char *coding = http_response_header(t->response, "Content-Encoding");
	if (coding != NULL && strcasecmp(coding, "identity") != 0) {
		char shown[40], *tail = http_url_tail(t->url);
		console_warn("%s: Content-Encoding is %s, though none was asked for: the bytes are "
			     "compared as they came",
			tail, escape_into(shown, sizeof(shown), coding, strlen(coding)));
		t->http->coding_warned = true;
		free(tail);
	}
	free(coding);
}

static void answered(struct http_transfer *t)
{
	struct http_response *response = t->response;
	char *type = NULL;
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &response->status);
	curl_easy_getinfo(t->easy, CURLINFO_CONTENT_TYPE, &type);
	response->content_type = text_copy(type);
	if (t->ipv4)
		t->http->ipv4_only = true;
	if (follow(t, response->status))
		return;
	warn_of_coding(t);
	if (response->status == 429 || response->status == 503)
		http_engine_note_pushback(t->engine);
	char why[16];
	snprintf(why, sizeof(why), "%ld", response->status);
	if (should_repeat(t) && try_again(t, why))
		return;
	response->unknown = t->request->repeat == HTTP_NOT_IDEMPOTENT && response->status != 429 &&
			    http_retry_is_transient(response->status);
	finish(t, 0);
}

/* Some resolvers (musl's) find nothing where a name server answers for IPv4 but fails for IPv6. */
static bool resolve_otherwise(struct http_transfer *t, int code)
{
	if (code != CURLE_COULDNT_RESOLVE_HOST || t->ipv4)
		return false;
	t->ipv4 = true;
	begin_at_once(t);
	return true;
}

/* MLflow's API sends nobody elsewhere; who is not logged in is sent to whoever logs people in, and
 * that may be out of a job's reach. To try again is no use. */
static bool was_sent_elsewhere(const struct http_transfer *t)
{
	return t->request->authorized && t->hops > 0 &&
	       !http_url_same_origin(t->url, t->request->url);
}

static void fail_elsewhere(struct http_transfer *t)
{
	struct fail why = t->fail;
	fail_set(&t->fail, STATUS_DENIED, "the server redirects to %.200s: %s", t->response->from,
		why.text);
	fail_hint(&t->fail, "a redirect to another host is mostly one to a login: are credentials "
			    "set that the proxy in front of the server accepts?");
	finish(t, -1);
}

static void failed(struct http_transfer *t, int code)
{
	if (t->has_failed) {
		finish_failed(t);
		return;
	}
	if (resolve_otherwise(t, code))
		return;
	if (code == CURLE_OPERATION_TIMEDOUT)
		http_engine_note_pushback(t->engine);
	bool unknown = t->request->repeat == HTTP_NOT_IDEMPOTENT && http_request_was_sent(t);
	bool helps = http_failure_read(t, code, &t->fail);
	if (was_sent_elsewhere(t)) {
		fail_elsewhere(t);
		return;
	}
	if (helps && !unknown && try_again(t, t->fail.text))
		return;
	t->response->unknown = unknown;
	finish_failed(t);
}

void http_transfer_ended(struct http_transfer *t, int code)
{
	if (code == CURLE_OK && !t->head_is_whole)
		failed(t, CURLE_PARTIAL_FILE);
	else if (code == CURLE_OK || t->enough)
		answered(t);
	else
		failed(t, code);
}

static int64_t silence_left(const struct http_transfer *t)
{
	int64_t limit = t->http->options->timeout_ms;
	if (limit <= 0)
		return CLOCK_FOREVER;
	int64_t left = t->moved_at + limit - clock_monotonic_ms();
	return left > 0 ? left : 0;
}

void http_transfer_check(struct http_transfer *t)
{
	if (t->state != TRANSFER_MOVING)
		return;
	if (deadline_left(t->http->deadline) == 0) {
		halt(t);
		t->response->unknown =
			t->request->repeat == HTTP_NOT_IDEMPOTENT && http_request_was_sent(t);
		fail_set(&t->fail, STATUS_LATER, "no answer before the deadline");
		finish_failed(t);
	} else if (silence_left(t) == 0) {
		halt(t);
		failed(t, CURLE_OPERATION_TIMEDOUT);
	}
}

int64_t http_transfer_time_left(const struct http_transfer *t)
{
	int64_t left = CLOCK_FOREVER;
	if (t->state == TRANSFER_PAUSING)
		left = t->due - clock_monotonic_ms();
	else if (t->state == TRANSFER_MOVING)
		left = silence_left(t);
	int64_t deadline = deadline_left(t->http->deadline);
	if (t->state == TRANSFER_MOVING && deadline < left)
		left = deadline;
	return left > 0 ? left : 0;
}
