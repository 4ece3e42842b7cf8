/* Tests of the engine: what many threads send over the same connections. */
#include "base/console.h"
#include "base/signals.h"
#include "http_fixture.h"

#define THREADS 8

static void open_engine(void)
{
	assert_int_equal(http_engine_open(&engine, &f), 0);
}

static void close_engine(void)
{
	http_engine_close(engine);
	engine = NULL;
}

struct sender {
	struct http http;
	pthread_t thread;
	int right; /* answers */
};

static void *send_some(void *context)
{
	struct sender *sender = context;
	for (int i = 0; i < 4; i++) {
		struct http_response response;
		struct fail ignored;
		struct http_request request = {.method = "GET", .url = url};
		if (http_send(&sender->http, &request, &response, &ignored) == 0 &&
			response.status == 200)
			sender->right++;
		http_response_release(&response);
	}
	return NULL;
}

static void threads_share_connections(void **state)
{
	(void)state;
	static struct reply replies[SCRIPTED_MAX];
	struct sender senders[THREADS];
	for (size_t i = 0; i < COUNT(replies); i++)
		replies[i] = (struct reply){OK, KEEP, .delay_ms = 0};
	open_engine();
	begin(replies, COUNT(replies));
	for (int i = 0; i < THREADS; i++) {
		senders[i] = (struct sender){0};
		assert_int_equal(http_open_beside(&http, engine, &senders[i].http, &f), 0);
		pthread_create(&senders[i].thread, NULL, send_some, &senders[i]);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(senders[i].thread, NULL);
		assert_int_equal(senders[i].right, 4);
		http_release(&senders[i].http);
	}
	assert_int_equal(server.seen, 4 * THREADS);
	assert_in_range(server.connections, 1, THREADS);
	end();
	close_engine();
}

static void what_a_server_refuses_for_now_is_counted(void **state)
{
	(void)state;
	struct http_request request = {.method = "GET", .url = url};
	open_engine();
	BEGIN({BUSY, KEEP}, {"HTTP/1.1 429 Slow\r\nContent-Length: 0\r\n\r\n", KEEP}, {OK, KEEP},
		{"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", KEEP}, {OK, KEEP});
	assert_int_equal(http_send(&http, &request, &answer, &f), 0);
	assert_int_equal(http_engine_pushbacks(engine), 2);
	http_response_release(&answer);
	assert_int_equal(http_send(&http, &request, &answer, &f), 0);
	assert_int_equal(http_engine_pushbacks(engine), 2);
	end();
	close_engine();
}

/* The engine can be closed only when nothing moves in it any more. */
static void what_is_given_up_moves_no_more(void **state)
{
	(void)state;
	struct http_request request = {
		.method = "POST", .url = url, .repeat = HTTP_NOT_IDEMPOTENT, .body = {"{}", 2}};
	open_engine();
	BEGIN({NULL, SILENT});
	http.deadline = deadline_in(200);
	assert_int_equal(http_send(&http, &request, &answer, &f), -1);
	assert_int_equal(f.status, STATUS_LATER);
	assert_true(answer.unknown);
	end();
	close_engine();
}

static void *terminate_soon(void *context)
{
	while (server.seen == 0)
		usleep(1000);
	kill(getpid(), SIGTERM);
	return context;
}

/* The last one: a stop is for good. */
static void a_signal_ends_what_moves(void **state)
{
	(void)state;
	pthread_t thread;
	struct http_request request = {
		.method = "POST", .url = url, .repeat = HTTP_NOT_IDEMPOTENT, .body = {"{}", 2}};
	open_engine();
	BEGIN({NULL, SILENT});
	signals_install();
	pthread_create(&thread, NULL, terminate_soon, NULL);
	assert_int_equal(http_send(&http, &request, &answer, &f), -1);
	assert_int_equal(f.status, STATUS_TERMINATED);
	assert_true(answer.unknown);
	pthread_join(thread, NULL);
	end();
	close_engine();
}

int main(void)
{
	console_set_quiet(true);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_share_connections),
		cmocka_unit_test(what_a_server_refuses_for_now_is_counted),
		cmocka_unit_test(what_is_given_up_moves_no_more),
		cmocka_unit_test(a_signal_ends_what_moves),
	};
	return cmocka_run_group_tests_name("http_engine", tests, NULL, NULL);
}
