/* Tests of sending: what is repeated, what is not, what is followed, what ends it. */
#include "base/console.h"
#include "base/signals.h"
#include "http/http.h"
#include "http/response.h"
#include "http/types.h"
#include "http_fixture.h"
#include "mlflow/credentials.h"

static struct scripted elsewhere;

static int send_to(const char *where, const char *method, enum http_idempotency repeat)
{
	struct http_request request = {
		.method = method,
		.url = where,
		.authorized = true,
		.repeat = repeat,
		.content_type = strcmp(method, "POST") == 0 ? "application/json" : NULL,
		.body = {.bytes = strcmp(method, "POST") == 0 ? "{}" : NULL,
			.size = strcmp(method, "POST") == 0 ? 2 : 0},
	};
	http_response_release(&answer);
	return http_send(&http, &request, &answer, &f);
}

static int ask(const char *method, enum http_idempotency repeat)
{
	return send_to(url, method, repeat);
}

static void an_answer_comes_with_its_body_type_and_date(void **state)
{
	(void)state;
	BEGIN({"HTTP/1.1 404 No\r\nDate: Sun, 22 Nov 2026 20:00:00 GMT\r\nContent-Type: "
	       "text/html\r\n"
	       "Content-Length: 3\r\n\r\nabc",
		KEEP});
	assert_int_equal(ask("GET", HTTP_IDEMPOTENT), 0);
	assert_int_equal(answer.status, 404);
	assert_string_equal(answer.body.data, "abc");
	assert_string_equal(answer.content_type, "text/html");
	assert_int_equal(answer.date_ms, INT64_C(1795377600000));
	assert_true(head_has(&server, 0, "Authorization: Bearer header-secret\r\n"));
	assert_false(head_has(&server, 0, "\r\nExpect"));
	end();
}

static void a_transient_status_is_repeated_until_it_passes(void **state)
{
	(void)state;
	BEGIN({BUSY, KEEP},
		{"HTTP/1.1 429 Slow\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n", KEEP},
		{OK, KEEP});
	assert_int_equal(ask("GET", HTTP_IDEMPOTENT), 0);
	assert_int_equal(answer.status, 200);
	assert_int_equal(answer.tries, 3);
	assert_int_equal(server.seen, 3);
	end();
}

static void the_last_transient_status_is_an_answer(void **state)
{
	(void)state;
	BEGIN({BUSY, KEEP}, {BUSY, KEEP}, {BUSY, KEEP}, {BUSY, KEEP}, {OK, KEEP});
	assert_int_equal(ask("GET", HTTP_IDEMPOTENT), 0);
	assert_int_equal(answer.status, 503);
	assert_int_equal(server.seen, 4);
	end();
}

static bool always_final(const struct http_response *given)
{
	return strstr(text_string(&given->body), "for good") != NULL;
}

static void a_status_meant_for_good_is_not_repeated(void **state)
{
	(void)state;
	BEGIN({"HTTP/1.1 500 No\r\nContent-Length: 8\r\n\r\nfor good", KEEP}, {OK, KEEP});
	struct http_request request = {.method = "GET", .url = url, .is_permanent = always_final};
	assert_int_equal(http_send(&http, &request, &answer, &f), 0);
	assert_int_equal(answer.status, 500);
	assert_int_equal(server.seen, 1);
	end();
}

static void retry_after_that_is_too_long_or_past_the_deadline_is_not_waited_for(void **state)
{
	(void)state;
	BEGIN({"HTTP/1.1 503 Busy\r\nRetry-After: 86400\r\nContent-Length: 0\r\n\r\n", KEEP},
		{"HTTP/1.1 503 Busy\r\nRetry-After: 60\r\nContent-Length: 0\r\n\r\n", KEEP},
		{OK, KEEP});
	assert_int_equal(ask("GET", HTTP_IDEMPOTENT), 0);
	assert_int_equal(answer.status, 503);
	http.deadline = deadline_in(30000);
	assert_int_equal(ask("GET", HTTP_IDEMPOTENT), 0);
	assert_int_equal(answer.status, 503);
	assert_int_equal(server.seen, 2);
	end();
}

static void a_create_without_an_answer_is_unknown_and_sent_once(void **state)
{
	(void)state;
	/* the second on a connection that was kept: libcurl must not repeat it by itself */
	BEGIN({NULL, CLOSE}, {OK, KEEP}, {NULL, CLOSE}, {OK, KEEP});
	assert_int_equal(ask("POST", HTTP_NOT_IDEMPOTENT), -1);
	assert_true(answer.unknown);
	assert_int_equal(f.status, STATUS_LATER);
	assert_int_equal(ask("GET", HTTP_IDEMPOTENT), 0);
	assert_int_equal(ask("POST", HTTP_NOT_IDEMPOTENT), -1);
	assert_true(answer.unknown);
	assert_int_equal(server.seen, 3);
	end();
}

static void a_create_answered_5xx_is_unknown_and_sent_once(void **state)
{
	(void)state;
	BEGIN({BUSY, KEEP}, {OK, KEEP});
	assert_int_equal(ask("POST", HTTP_NOT_IDEMPOTENT), 0);
	assert_int_equal(answer.status, 503);
	assert_true(answer.unknown);
	assert_int_equal(server.seen, 1);
	end();
}

static void a_create_told_to_slow_down_is_repeated(void **state)
{
	(void)state;
	BEGIN({"HTTP/1.1 429 Slow\r\nContent-Length: 0\r\n\r\n", KEEP}, {OK, KEEP});
	assert_int_equal(ask("POST", HTTP_NOT_IDEMPOTENT), 0);
	assert_int_equal(answer.status, 200);
	assert_false(answer.unknown);
	end();
}

static void a_create_on_a_refused_connection_is_repeated_and_known_not_to_be_done(void **state)
{
	(void)state;
	begin(NULL, 0);
	shutdown(server.listener, SHUT_RDWR);
	pthread_join(server.thread, NULL);
	close(server.listener);
	assert_int_equal(ask("POST", HTTP_NOT_IDEMPOTENT), -1);
	assert_int_equal(f.status, STATUS_LATER);
	assert_false(answer.unknown);
	assert_int_equal(answer.tries, 4);
	assert_non_null(strstr(f.text, "Connection refused"));
	http_response_release(&answer);
	http_release(&http);
	credentials_release(&credentials);
}

static void a_kept_connection_that_was_dropped_costs_no_try(void **state)
{
	(void)state;
	BEGIN({OK, KEEP}, {NULL, CLOSE}, {OK, KEEP});
	options.max_retries = 0;
	assert_int_equal(ask("GET", HTTP_IDEMPOTENT), 0);
	assert_int_equal(ask("GET", HTTP_IDEMPOTENT), 0);
	assert_int_equal(answer.tries, 1);
	assert_int_equal(server.connections, 2);
	end();
}

static void a_request_may_be_tried_fewer_times_than_is_set(void **state)
{
	(void)state;
	BEGIN({BUSY, KEEP}, {BUSY, KEEP}, {OK, KEEP});
	struct http_request request = {.method = "GET", .url = url, .max_tries = 2};
	assert_int_equal(http_send(&http, &request, &answer, &f), 0);
	assert_int_equal(answer.status, 503);
	assert_int_equal(answer.tries, 2);
	end();
}

static void requests_share_one_connection(void **state)
{
	(void)state;
	BEGIN({OK, KEEP}, {OK, KEEP}, {OK, KEEP});
	for (int i = 0; i < 3; i++)
		assert_int_equal(ask(i == 1 ? "POST" : "GET", HTTP_IDEMPOTENT), 0);
	assert_int_equal(server.connections, 1);
	end();
}

static void a_redirect_to_the_same_origin_takes_the_credentials_along(void **state)
{
	(void)state;
	BEGIN({"HTTP/1.1 302 There\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n", KEEP},
		{OK, KEEP});
	assert_int_equal(ask("GET", HTTP_IDEMPOTENT), 0);
	assert_int_equal(answer.status, 200);
	assert_true(head_has(&server, 1, "GET /other HTTP/1.1"));
	assert_true(head_has(&server, 1, "header-secret"));
	end();
}

static char far_reply[300];

static void redirect_elsewhere(int status)
{
	static const struct reply there[] = {{OK, KEEP}};
	static struct reply here[] = {{far_reply, KEEP}};
	scripted_start(&elsewhere, there, 1);
	snprintf(far_reply, sizeof(far_reply),
		"HTTP/1.1 %d There\r\nLocation: http://127.0.0.1:%d/far?sig=location-secret\r\n"
		"Content-Length: 0\r\n\r\n",
		status, elsewhere.port);
	begin(here, 1);
}

static void a_redirect_to_another_origin_leaves_the_credentials_behind(void **state)
{
	(void)state;
	static const char *const headers[] = {"X-Secret: extra-secret", NULL};
	redirect_elsewhere(307);
	struct http_request request = {
		.method = "GET", .url = url, .authorized = true, .headers = headers};
	assert_int_equal(http_send(&http, &request, &answer, &f), 0);
	assert_int_equal(answer.status, 200);
	assert_true(head_has(&server, 0, "extra-secret"));
	assert_true(head_has(&elsewhere, 0, "GET /far?sig=location-secret"));
	assert_false(head_has(&elsewhere, 0, "header-secret"));
	assert_false(head_has(&elsewhere, 0, "extra-secret"));
	end();
	scripted_stop(&elsewhere);
}

static void a_write_is_not_redirected_to_another_origin(void **state)
{
	(void)state;
	redirect_elsewhere(307);
	assert_int_equal(ask("POST", HTTP_IDEMPOTENT), 0);
	assert_int_equal(answer.status, 307);
	assert_non_null(strstr(answer.location, "/far"));
	assert_null(strstr(answer.location, "secret"));
	assert_int_equal(elsewhere.seen, 0);
	end();
	scripted_stop(&elsewhere);
}

static void a_write_keeps_its_method_or_is_not_redirected(void **state)
{
	(void)state;
	BEGIN({"HTTP/1.1 308 There\r\nLocation: /new\r\nContent-Length: 0\r\n\r\n", KEEP},
		{OK, KEEP},
		{"HTTP/1.1 302 There\r\nLocation: /new\r\nContent-Length: 0\r\n\r\n", KEEP},
		{OK, KEEP});
	assert_int_equal(ask("POST", HTTP_IDEMPOTENT), 0);
	assert_int_equal(answer.status, 200);
	assert_true(head_has(&server, 1, "POST /new"));
	assert_int_equal(server.bodies[1], 2);
	assert_int_equal(ask("POST", HTTP_IDEMPOTENT), 0);
	assert_int_equal(answer.status, 302);
	assert_int_equal(server.seen, 3);
	end();
}

static void redirects_end(void **state)
{
	(void)state;
	static const struct reply around = {
		"HTTP/1.1 302 There\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n", KEEP};
	struct reply replies[10];
	for (size_t i = 0; i < COUNT(replies); i++)
		replies[i] = around;
	begin(replies, COUNT(replies));
	assert_int_equal(ask("GET", HTTP_IDEMPOTENT), 0);
	assert_int_equal(answer.status, 302);
	assert_int_equal(server.seen, 6);
	end();
}

static void redirects_can_be_switched_off(void **state)
{
	(void)state;
	BEGIN({"HTTP/1.1 302 There\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n", KEEP});
	options.follow_redirects = false;
	assert_int_equal(ask("GET", HTTP_IDEMPOTENT), 0);
	assert_int_equal(answer.status, 302);
	end();
}

static void headers_without_end_are_no_registry(void **state)
{
	(void)state;
	static char huge[200000];
	int size = snprintf(huge, sizeof(huge), "HTTP/1.1 200 OK\r\n");
	for (int i = 0; i < 100; i++)
		size += snprintf(
			huge + size, sizeof(huge) - (size_t)size, "X-%d: %01000d\r\n", i, 0);
	struct reply replies[] = {{huge, CLOSE}};
	begin(replies, 1);
	assert_int_equal(ask("GET", HTTP_IDEMPOTENT), -1);
	assert_int_equal(f.status, STATUS_NOT_A_REGISTRY);
	assert_int_equal(server.seen, 1);
	end();
}

static void a_body_beyond_its_bound_is_no_registry(void **state)
{
	(void)state;
	BEGIN({"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789", KEEP});
	struct http_request request = {.method = "GET", .url = url, .max_response = 9};
	assert_int_equal(http_send(&http, &request, &answer, &f), -1);
	assert_int_equal(f.status, STATUS_NOT_A_REGISTRY);
	end();
}

static void of_an_endless_error_only_the_beginning_is_kept(void **state)
{
	(void)state;
	static char page[200000];
	int size =
		snprintf(page, sizeof(page), "HTTP/1.1 404 No\r\nContent-Length: 150000\r\n\r\n");
	memset(page + size, 'x', 150000);
	struct reply replies[] = {{page, KEEP}};
	begin(replies, 1);
	assert_int_equal(ask("GET", HTTP_IDEMPOTENT), 0);
	assert_int_equal(answer.status, 404);
	assert_int_equal(answer.body.size, 64 << 10);
	end();
}

static void what_speaks_no_http_is_no_registry(void **state)
{
	(void)state;
	BEGIN({"SSH-2.0-OpenSSH_9.2\r\n", CLOSE});
	assert_int_equal(ask("GET", HTTP_IDEMPOTENT), -1);
	assert_int_equal(f.status, STATUS_NOT_A_REGISTRY);
	end();
}

static void https_where_none_is_spoken_says_so(void **state)
{
	(void)state;
	char secure[100];
	begin(NULL, 0);
	server.greeting = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";
	snprintf(secure, sizeof(secure), "https://127.0.0.1:%d/", server.port);
	assert_int_equal(send_to(secure, "GET", HTTP_IDEMPOTENT), -1);
	assert_int_equal(f.status, STATUS_NOT_A_REGISTRY);
	assert_non_null(strstr(f.hint, "http://"));
	assert_int_equal(answer.tries, 1);
	end();
}

/* Time */

/* "invalid" is no top-level domain, and never will be (RFC 6761). */
static void an_unknown_name_is_asked_for_by_ipv4_too_which_costs_no_try(void **state)
{
	(void)state;
	begin(NULL, 0);
	options.max_retries = 0;
	assert_int_equal(send_to("http://name.invalid/", "POST", HTTP_NOT_IDEMPOTENT), -1);
	assert_int_equal(f.status, STATUS_LATER);
	assert_int_equal(answer.tries, 1);
	assert_int_equal(http.requests, 2);
	assert_false(answer.unknown);
	end();
}

static void silence_ends_a_try(void **state)
{
	(void)state;
	BEGIN({NULL, SILENT}, {OK, KEEP});
	options.timeout_ms = 200;
	int64_t start = clock_monotonic_ms();
	assert_int_equal(ask("GET", HTTP_IDEMPOTENT), 0);
	int64_t took = clock_monotonic_ms() - start;
	assert_in_range(took, 190, 60000);
	assert_int_equal(answer.tries, 2);
	end();
}

static void the_deadline_ends_everything(void **state)
{
	(void)state;
	BEGIN({NULL, SILENT}, {NULL, SILENT});
	http.deadline = deadline_in(200);
	int64_t start = clock_monotonic_ms();
	assert_int_equal(ask("POST", HTTP_NOT_IDEMPOTENT), -1);
	assert_in_range(clock_monotonic_ms() - start, 150, 60000);
	assert_int_equal(f.status, STATUS_LATER);
	assert_true(answer.unknown);
	assert_int_equal(ask("GET", HTTP_IDEMPOTENT), -1);
	assert_int_equal(server.seen, 1);
	end();
}

static void no_failure_repeats_a_secret(void **state)
{
	(void)state;
	BEGIN({NULL, CLOSE}, {"garbage\r\n\r\n", CLOSE});
	options.max_retries = 0;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(ask("GET", HTTP_IDEMPOTENT), -1);
		assert_null(strstr(f.text, "secret"));
		assert_null(strstr(f.hint, "secret"));
		assert_non_null(strstr(f.text, "GET http://127.0.0.1:"));
	}
	end();
}

static void *terminate_soon(void *context)
{
	usleep(150000);
	kill(getpid(), SIGTERM);
	return context;
}

/* The last one: a stop is for good. */
static void a_signal_ends_a_wait_at_once(void **state)
{
	(void)state;
	pthread_t thread;
	BEGIN({NULL, SILENT});
	signals_install();
	pthread_create(&thread, NULL, terminate_soon, NULL);
	int64_t start = clock_monotonic_ms();
	assert_int_equal(ask("POST", HTTP_NOT_IDEMPOTENT), -1);
	assert_in_range(clock_monotonic_ms() - start, 100, 60000);
	assert_int_equal(f.status, STATUS_TERMINATED);
	assert_true(answer.unknown);
	pthread_join(thread, NULL);
	end();
}

int main(void)
{
	console_set_quiet(true);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_comes_with_its_body_type_and_date),
		cmocka_unit_test(a_transient_status_is_repeated_until_it_passes),
		cmocka_unit_test(the_last_transient_status_is_an_answer),
		cmocka_unit_test(a_status_meant_for_good_is_not_repeated),
		cmocka_unit_test(
			retry_after_that_is_too_long_or_past_the_deadline_is_not_waited_for),
		cmocka_unit_test(a_create_without_an_answer_is_unknown_and_sent_once),
		cmocka_unit_test(a_create_answered_5xx_is_unknown_and_sent_once),
		cmocka_unit_test(a_create_told_to_slow_down_is_repeated),
		cmocka_unit_test(
			a_create_on_a_refused_connection_is_repeated_and_known_not_to_be_done),
		cmocka_unit_test(a_kept_connection_that_was_dropped_costs_no_try),
		cmocka_unit_test(a_request_may_be_tried_fewer_times_than_is_set),
		cmocka_unit_test(requests_share_one_connection),
		cmocka_unit_test(a_redirect_to_the_same_origin_takes_the_credentials_along),
		cmocka_unit_test(a_redirect_to_another_origin_leaves_the_credentials_behind),
		cmocka_unit_test(a_write_is_not_redirected_to_another_origin),
		cmocka_unit_test(a_write_keeps_its_method_or_is_not_redirected),
		cmocka_unit_test(redirects_end),
		cmocka_unit_test(redirects_can_be_switched_off),
		cmocka_unit_test(headers_without_end_are_no_registry),
		cmocka_unit_test(a_body_beyond_its_bound_is_no_registry),
		cmocka_unit_test(of_an_endless_error_only_the_beginning_is_kept),
		cmocka_unit_test(what_speaks_no_http_is_no_registry),
		cmocka_unit_test(https_where_none_is_spoken_says_so),
		cmocka_unit_test(an_unknown_name_is_asked_for_by_ipv4_too_which_costs_no_try),
		cmocka_unit_test(silence_ends_a_try),
		cmocka_unit_test(the_deadline_ends_everything),
		cmocka_unit_test(no_failure_repeats_a_secret),
	};
	const struct CMUnitTest last[] = {cmocka_unit_test(a_signal_ends_a_wait_at_once)};
	assert_int_equal(http_engine_open(&engine, &f), 0);
	int failed = cmocka_run_group_tests_name("http over an engine", tests, NULL, NULL);
	http_engine_close(engine);
	engine = NULL;
	failed += cmocka_run_group_tests_name("http", tests, NULL, NULL);
	return failed + cmocka_run_group_tests_name("http, stopped", last, NULL, NULL);
}
