#include "http/http.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/panic.h"
#include "base/signals.h"
#include "base/stop.h"
#include "base/text.h"
#include "http/engine.h"
#include "http/transfer.h"

#define POLL_MAX_MS 1000
#define CONNECTIONS_KEPT 8L

int http_open(struct http *http, const struct http_options *options, const struct http_login *login,
	struct deadline deadline, struct fail *f)
{
	*http = (struct http){
		.options = options,
		.login = login,
		.deadline = deadline,
		.trust =
			{
				.ca_bundle = options->ca_bundle,
				.ca_setting = "MLFLOW_TRACKING_SERVER_CERT_PATH",
				.client_cert = options->client_cert,
				.takes_client_cert = true,
				.insecure = options->insecure_tls,
				.insecure_setting = "MLFLOW_TRACKING_INSECURE_TLS",
			},
	};
	if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
		return 0;
	*http = (struct http){0};
	return fail_set(f, STATUS_LATER, "libcurl could not be started");
}

bool http_is_open(const struct http *http)
{
	return http->options != NULL;
}

int http_open_beside(
	const struct http *http, struct http_engine *engine, struct http *beside, struct fail *f)
{
	if (http_open(beside, http->options, http->login, http->deadline, f) != 0)
		return -1;
	beside->engine = engine;
	beside->trust = http->trust;
	beside->trust.warned = true;
	return 0;
}

void http_release(struct http *http)
{
	if (http->multi != NULL)
		curl_multi_cleanup(http->multi);
	if (http_is_open(http))
		curl_global_cleanup();
	free(http->ca_file);
	free(http->ca_folder);
	*http = (struct http){0};
}

static bool collect_ended(struct http *http)
{
	bool any = false;
	int left;
	for (CURLMsg *message; (message = curl_multi_info_read(http->multi, &left)) != NULL;) {
		struct http_transfer *t = NULL;
		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t);
		http_transfer_ended(t, message->data.result);
		any = true;
	}
	return any;
}

static void make_multi(struct http *http)
{
	if (http->multi != NULL)
		return;
	http->multi = curl_multi_init();
	if (http->multi == NULL)
		panic_out_of_memory();
	curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_KEPT);
}

static int wait_for_bytes(struct http *http, int64_t ms)
{
	struct curl_waitfd stop = {.fd = signals_fd(), .events = CURL_WAIT_POLLIN};
	unsigned more = stop.fd >= 0 ? 1 : 0;
	if (ms > POLL_MAX_MS)
		ms = POLL_MAX_MS;
	return curl_multi_poll(http->multi, &stop, more, (int)ms, NULL);
}

/* Begin what is due and end what waited for too long; the time until the next of these, or 0 once
 * all are done. */
static int64_t advance(struct http_transfer *transfers, size_t count)
{
	int64_t time_left = 0;
	for (size_t i = 0; i < count; i++) {
		struct http_transfer *t = &transfers[i];
		if (t->state == TRANSFER_PAUSING && http_transfer_time_left(t) == 0)
			http_transfer_begin(t);
		http_transfer_check(t);
		if (t->state == TRANSFER_DONE)
			continue;
		int64_t own = http_transfer_time_left(t);
		if (own < 1)
			own = 1;
		time_left = time_left == 0 || own < time_left ? own : time_left;
	}
	return time_left;
}

static void abandon(struct http_transfer *transfers, size_t count, const struct fail *stop)
{
	for (size_t i = 0; i < count; i++)
		if (transfers[i].state != TRANSFER_DONE)
			http_transfer_abandon(&transfers[i], stop);
}

/* Move what moves, and end what ended; or wait. */
static void turn_here(struct http *http, int64_t time_left)
{
	int moving;
	INVARIANT(curl_multi_perform(http->multi, &moving) == CURLM_OK);
	if (!collect_ended(http))
		INVARIANT(wait_for_bytes(http, time_left) == CURLM_OK);
}

static bool any_moves(const struct http_transfer *transfers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (transfers[i].state == TRANSFER_MOVING)
			return true;
	return false;
}

/* End what the engine has ended; or wait. */
static void wait_for_engine(struct http_engine *engine, struct http_transfer *transfers,
	size_t count, int64_t time_left)
{
	struct fail ignored; /* the caller looks for a stop */
	if (!any_moves(transfers, count)) {
		(void)!stop_sleep(time_left < POLL_MAX_MS ? time_left : POLL_MAX_MS, &ignored);
		return;
	}
	http_engine_wait(engine, transfers, count, time_left);
	for (size_t i = 0; i < count; i++)
		if (http_engine_has_ended(engine, &transfers[i]))
			http_transfer_ended(&transfers[i], transfers[i].code);
}

/* Begin what is due, then let all move; until all are done. */
static void turn_until_done(struct http *http, struct http_engine *engine,
	struct http_transfer *transfers, size_t count)
{
	struct fail stop;
	for (int64_t time_left; (time_left = advance(transfers, count)) > 0;) {
		if (stop_check(&stop) != 0) {
			abandon(transfers, count, &stop);
			return;
		}
		if (engine != NULL)
			wait_for_engine(engine, transfers, count, time_left);
		else
			turn_here(http, time_left);
	}
}

static bool any_waits(const struct http_exchange *exchanges, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct http_body *body = &exchanges[i].request->body;
		if (body->bytes == NULL && body->read != NULL && !body->never_waits)
			return true;
	}
	return false;
}

static void send_together(struct http *http, struct http_exchange *exchanges,
	struct http_transfer *transfers, size_t count)
{
	struct http_waiter waiter;
	struct http_engine *engine = any_waits(exchanges, count) ? NULL : http->engine;
	if (engine == NULL)
		make_multi(http);
	http_waiter_init(&waiter);
	for (size_t i = 0; i < count; i++) {
		http_transfer_init(
			&transfers[i], http, exchanges[i].request, exchanges[i].response);
		transfers[i].engine = engine;
		transfers[i].waiter = &waiter;
	}
	turn_until_done(http, engine, transfers, count);
	http_waiter_release(&waiter);
	for (size_t i = 0; i < count; i++) {
		exchanges[i].result = transfers[i].result;
		if (transfers[i].result != 0)
			exchanges[i].fail = transfers[i].fail;
		http_transfer_release(&transfers[i]);
	}
}

void http_send_all(struct http *http, struct http_exchange *exchanges, size_t count)
{
	struct http_transfer transfers[HTTP_TOGETHER_MAX];
	INVARIANT(count <= HTTP_TOGETHER_MAX);
	send_together(http, exchanges, transfers, count);
}

int http_send(struct http *http, const struct http_request *request, struct http_response *response,
	struct fail *f)
{
	struct http_exchange exchange = {.request = request, .response = response};
	struct http_transfer transfer;
	send_together(http, &exchange, &transfer, 1);
	if (exchange.result != 0)
		*f = exchange.fail;
	return exchange.result;
}

char *http_library_versions(void)
{
	const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
	struct text text = {0};
	text_printf(&text, "libcurl %s", info->version);
	if (info->ssl_version != NULL)
		text_printf(&text, ", %s", info->ssl_version);
	if (info->libz_version != NULL)
		text_printf(&text, ", zlib/%s", info->libz_version);
	return text_take(&text);
}
