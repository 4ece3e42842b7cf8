/* Tests of large bodies: streams that are sent again, sinks that start over. */
#include "base/console.h"
#include "base/fail.h"
#include "http/http.h"
#include "http/response.h"
#include "http/types.h"
#include "http_fixture.h"

struct stream {
	size_t size;
	size_t given;
	size_t breaks_at;
	int rewinds;
};

static int stream_read(void *context, void *buffer, size_t size, size_t *got, struct fail *failed)
{
	struct stream *stream = context;
	(void)failed;
	size_t end = stream->breaks_at > 0 ? stream->breaks_at : stream->size;
	size_t left = end - stream->given;
	*got = left < size ? left : size;
	memset(buffer, 's', *got);
	stream->given += *got;
	return 0;
}

static int stream_rewind(void *context, struct fail *failed)
{
	struct stream *stream = context;
	(void)failed;
	stream->given = 0;
	stream->rewinds++;
	return 0;
}

static int put(struct stream *stream)
{
	struct http_request request = {
		.method = "PUT",
		.url = url,
		.body = {.size = stream->size,
			.read = stream_read,
			.rewind = stream_rewind,
			.context = stream},
	};
	http_response_release(&answer);
	return http_send(&http, &request, &answer, &f);
}

static void a_stream_is_sent_again_from_its_start(void **state)
{
	(void)state;
	struct stream stream = {.size = 3000000};
	BEGIN({BUSY, KEEP}, {NULL, CLOSE}, {OK, KEEP});
	assert_int_equal(put(&stream), 0);
	assert_int_equal(answer.status, 200);
	assert_int_equal(server.bodies[server.seen - 1], 3000000);
	assert_true(stream.rewinds >= 2);
	assert_true(head_has(&server, 0, "Content-Length: 3000000\r\n"));
	assert_false(head_has(&server, 0, "chunked"));
	end();
}

static void an_empty_stream_has_a_length(void **state)
{
	(void)state;
	struct stream stream = {0};
	BEGIN({OK, KEEP});
	assert_int_equal(put(&stream), 0);
	assert_true(head_has(&server, 0, "Content-Length: 0\r\n"));
	end();
}

static void a_stream_that_ends_early_is_not_waited_for(void **state)
{
	(void)state;
	struct stream stream = {.size = 1000000, .breaks_at = 999};
	BEGIN({OK, KEEP});
	assert_int_equal(put(&stream), -1);
	assert_int_equal(f.status, STATUS_UNACCEPTABLE);
	assert_non_null(strstr(f.text, "999 of 1000000"));
	end();
}

struct bucket {
	char bytes[64];
	size_t size;
	int restarts;
};

static int bucket_write(void *context, const void *bytes, size_t size, struct fail *failed)
{
	struct bucket *bucket = context;
	(void)failed;
	assert_true(bucket->size + size < sizeof(bucket->bytes));
	memcpy(bucket->bytes + bucket->size, bytes, size);
	bucket->size += size;
	return 0;
}

static int bucket_restart(void *context, struct fail *failed)
{
	struct bucket *bucket = context;
	(void)failed;
	bucket->size = 0;
	bucket->restarts++;
	return 0;
}

static void a_sink_gets_only_the_whole_successful_answer(void **state)
{
	(void)state;
	struct bucket bucket = {0};
	struct http_sink sink = {bucket_write, bucket_restart, &bucket};
	BEGIN({"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf", CLOSE},
		{"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy", KEEP},
		{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole", KEEP});
	struct http_request request = {.method = "GET", .url = url, .sink = &sink};
	assert_int_equal(http_send(&http, &request, &answer, &f), 0);
	assert_int_equal(bucket.size, 5);
	assert_memory_equal(bucket.bytes, "whole", 5);
	assert_int_equal(bucket.restarts, 2);
	end();
}

static void an_answer_that_takes_its_time_is_waited_for(void **state)
{
	(void)state;
	struct stream stream = {.size = 5000000};
	BEGIN({OK, KEEP, .delay_ms = 700});
	options.timeout_ms = 1500;
	assert_int_equal(put(&stream), 0);
	assert_int_equal(answer.tries, 1);
	end();
}

int main(void)
{
	console_set_quiet(true);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stream_is_sent_again_from_its_start),
		cmocka_unit_test(an_empty_stream_has_a_length),
		cmocka_unit_test(a_stream_that_ends_early_is_not_waited_for),
		cmocka_unit_test(a_sink_gets_only_the_whole_successful_answer),
		cmocka_unit_test(an_answer_that_takes_its_time_is_waited_for),
	};
	return cmocka_run_group_tests_name("http_body", tests, NULL, NULL);
}
