/* Tests of the pauses between tries. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/options.h"
#include "http/retry.h"

static const struct http_options usual = {
	.max_retries = 7,
	.backoff_factor = 2,
	.backoff_jitter = 1,
	.respect_retry_after = true,
};

static void pauses_are_those_of_mlflows_client(void **state)
{
	(void)state;
	const int64_t seconds[] = {0, 4, 8, 16, 32, 64, 120};
	for (int i = 0; i < 7; i++)
		assert_int_equal(http_retry_pause_ms(&usual, i + 2, -1, 0), seconds[i] * 1000);
	assert_int_equal(http_retry_pause_ms(&usual, 3, -1, 0.5), 4500);
	assert_int_equal(http_retry_tries(&usual), 8);
}

static void absurd_settings_do_no_harm(void **state)
{
	(void)state;
	struct http_options options = {.max_retries = 1000000, .backoff_factor = -5};
	assert_int_equal(http_retry_tries(&options), 11);
	assert_int_equal(http_retry_pause_ms(&options, 5, -1, 0.5), 0);
	options.max_retries = -1;
	options.backoff_factor = 1e300;
	assert_int_equal(http_retry_tries(&options), 1);
	assert_int_equal(http_retry_pause_ms(&options, 9, -1, 0.5), HTTP_PAUSE_MAX_MS);
}

static void what_the_server_asks_for_goes_first(void **state)
{
	(void)state;
	struct http_options deaf = usual;
	deaf.respect_retry_after = false;
	assert_int_equal(http_retry_pause_ms(&usual, 2, 3000, 0.9), 3000);
	assert_int_equal(http_retry_pause_ms(&usual, 5, 0, 0.9), 0);
	assert_int_equal(http_retry_pause_ms(&usual, 2, HTTP_RETRY_AFTER_MAX_MS + 1, 0), -1);
	assert_int_equal(http_retry_pause_ms(&deaf, 3, 3000, 0), 4000);
}

static void retry_after_is_seconds_or_a_date(void **state)
{
	(void)state;
	static const struct {
		const char *value;
		int64_t ms;
	} rows[] = {
		{"0", 0},
		{"120", 120000},
		{"99999999999999999999", INT64_MAX},
		{"Sun, 22 Nov 2026 20:00:30 GMT", 30000},
		{"Sun, 22 Nov 2026 19:00:00 GMT", 0},
		{"Sun, 22 Nov 888882026 20:00:30 GMT", -1},
		{"", -1},
		{"soon", -1},
		{"-5", -1},
		{"1.5", -1},
	};
	const int64_t now = INT64_C(1795377600000); /* 2026-11-22T20:00:00Z */
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(http_retry_after_ms(rows[i].value, now), rows[i].ms);
}

static void only_statuses_that_pass_are_transient(void **state)
{
	(void)state;
	const long transient[] = {408, 429, 500, 502, 503, 504};
	int found = 0;
	for (long status = 100; status < 600; status++)
		found += http_retry_is_transient(status);
	assert_int_equal(found, 6);
	for (int i = 0; i < 6; i++)
		assert_true(http_retry_is_transient(transient[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pauses_are_those_of_mlflows_client),
		cmocka_unit_test(absurd_settings_do_no_harm),
		cmocka_unit_test(what_the_server_asks_for_goes_first),
		cmocka_unit_test(retry_after_is_seconds_or_a_date),
		cmocka_unit_test(only_statuses_that_pass_are_transient),
	};
	return cmocka_run_group_tests_name("http_retry", tests, NULL, NULL);
}
