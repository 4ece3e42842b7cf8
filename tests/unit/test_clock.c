#include "unit.h"

#include <inttypes.h>

#include "base/clock.h"

static void an_instant_is_read_as_rfc_3339_says(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} rows[] = {
		{"1970-01-01T00:00:00Z", 0},
		{"1969-12-31T23:59:59Z", -1000},
		{"1969-12-31T23:59:59.999Z", -1},
		{"2026-11-22T20:03:17.891Z", 1795377797891},
		{"2026-11-22t20:03:17.891z", 1795377797891},
		{"2026-11-22 20:03:17.891Z", 1795377797891},
		{"2026-11-22T20:03:17.8Z", 1795377797800},
		{"2026-11-22T20:03:17.8919999999999999999999Z", 1795377797891},
		{"2026-11-22T20:03:17+00:00", 1795377797000},
		{"2026-11-22T20:03:17-00:00", 1795377797000},
		{"2026-11-22T21:03:17+01:00", 1795377797000},
		{"2026-11-23T01:33:17+05:30", 1795377797000},
		{"2026-11-22T12:03:17-08:00", 1795377797000},
		{"2026-11-21T20:04:17-23:59", 1795377797000},
		{"2000-02-29T00:00:00Z", 951782400000},
		{"0000-01-01T00:00:00Z", -62167219200000},
		{"0001-01-01T00:00:00Z", -62135596800000},
		{"9999-12-31T23:59:59.999Z", 253402300799999},
		{"2016-12-31T23:59:60Z", 1483228800000},
		{"2016-12-31T23:59:60.500Z", 1483228800500},
		{"2017-01-01T01:59:60+02:00", 1483228800000},
		{"2015-06-30T16:59:60-07:00", 1435708800000},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t ms = 42;
		assert_row(clock_parse_rfc3339(rows[i].text, &ms), rows[i].text);
		assert_row(ms == rows[i].ms, rows[i].text);
	}
}

static void what_no_calendar_or_clock_has_is_no_instant(void **state)
{
	static const char *const rows[] = {
		"",
		"2026-11-22",
		"2026-11-22T20:03:17",
		"2026-11-22T20:03Z",
		"2026-11-22T20:03:17.Z",
		"2026-11-22T20:03:17,5Z",
		"2026-11-22T20:03:17Z ",
		" 2026-11-22T20:03:17Z",
		"2026-11-22T20:03:17ZZ",
		"2026-11-22T20:03:17+0100",
		"2026-11-22T20:03:17+01",
		"2026-11-22T20:03:17+24:00",
		"2026-11-22T20:03:17+01:60",
		"2026-11-22T20:03:17 +01:00",
		"2026-11-22_20:03:17Z",
		"2026-00-22T20:03:17Z",
		"2026-13-22T20:03:17Z",
		"2026-11-00T20:03:17Z",
		"2026-11-31T20:03:17Z",
		"2026-02-29T20:03:17Z",
		"1900-02-29T20:03:17Z",
		"2026-11-22T24:00:00Z",
		"2026-11-22T20:60:00Z",
		"2026-11-22T20:03:61Z",
		"2026-11-22T20:03:60Z",
		"2026-11-22T23:59:60Z",
		"2016-12-31T23:59:60+01:00",
		"2026-1-22T20:03:17Z",
		"12026-11-22T20:03:17Z",
		"-026-11-22T20:03:17Z",
		"+026-11-22T20:03:17Z",
		"2026-11-2\xd9\xa2T20:03:17Z",
		"now",
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t ms;
		assert_row(!clock_parse_rfc3339(rows[i], &ms), rows[i]);
	}
}

static void an_instant_is_written_in_utc_with_four_digits_of_year(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} rows[] = {
		{0, "1970-01-01T00:00:00Z"},
		{-1, "1969-12-31T23:59:59.999Z"},
		{-1000, "1969-12-31T23:59:59Z"},
		{1795377797891, "2026-11-22T20:03:17.891Z"},
		{1795377797001, "2026-11-22T20:03:17.001Z"},
		{-62135596800000, "0001-01-01T00:00:00Z"},
		{-62167219200000, "0000-01-01T00:00:00Z"},
		{253402300799999, "9999-12-31T23:59:59.999Z"},
		{253402300800000, "9999-12-31T23:59:59.999Z"},
		{INT64_MAX, "9999-12-31T23:59:59.999Z"},
		{INT64_MIN, "0000-01-01T00:00:00Z"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char out[32];
		clock_format_rfc3339(out, rows[i].ms);
		assert_string_equal(out, rows[i].text);
	}
}

static void what_is_written_is_read_back_the_same_whatever_the_zone_of_the_host(void **state)
{
	static const char *const zones[] = {
		"UTC", "America/St_Johns", "Asia/Kathmandu", "<+14>-14"};
	(void)state;
	for (size_t zone = 0; zone < COUNT(zones); zone++) {
		setenv("TZ", zones[zone], 1);
		for (int64_t ms = -62167219200000; ms < 253402300799999; ms += 86399999999) {
			char out[32];
			int64_t back = 0;
			clock_format_rfc3339(out, ms);
			assert_row(clock_parse_rfc3339(out, &back), out);
			assert_row(back == ms, out);
		}
	}
	unsetenv("TZ");
}

static void a_duration_is_a_sum_of_counts_with_units(void **state)
{
	static const struct {
		const char *text;
		int64_t ms; /* -1: not a duration */
	} rows[] = {
		{"500ms", 500},
		{"90s", 90000},
		{"2m", 120000},
		{"36h", 129600000},
		{"7d", 604800000},
		{"1h30m", 5400000},
		{"1m500ms", 60500},
		{"0s", 0},
		{"007s", 7000},
		{"9223372036854775807ms", INT64_MAX},
		{"9223372036854775808ms", -1},
		{"99999999999999999999ms", -1},
		{"9223372036854775807ms1ms", -1},
		{"9223372036854775807s", -1},
		{"106751991168d", -1},
		{"106751991167d", 9223372036828800000},
		{"", -1},
		{"s", -1},
		{"90", -1},
		{"90 s", -1},
		{" 90s", -1},
		{"-90s", -1},
		{"+90s", -1},
		{"1.5h", -1},
		{"90S", -1},
		{"90sec", -1},
		{"1h30", -1},
		{"0x10s", -1},
		{"1w", -1},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t ms;
		bool read = clock_parse_duration(rows[i].text, &ms);
		assert_row(read == (rows[i].ms >= 0), rows[i].text);
		assert_row(!read || ms == rows[i].ms, rows[i].text);
	}
}

static void a_deadline_counts_down_to_zero_and_never_below(void **state)
{
	(void)state;
	assert_true(deadline_left((struct deadline){0}) == CLOCK_FOREVER);
	assert_in_range(deadline_left(deadline_in(100000)), 90000, 100000);
	assert_int_equal(deadline_left(deadline_in(0)), 0);
	assert_int_equal(deadline_left((struct deadline){.at = 1}), 0);
}

static void a_deadline_too_far_to_count_is_far_and_not_over(void **state)
{
	(void)state;
	assert_true(deadline_left(deadline_in(INT64_MAX)) > INT64_MAX / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_instant_is_read_as_rfc_3339_says),
		cmocka_unit_test(what_no_calendar_or_clock_has_is_no_instant),
		cmocka_unit_test(an_instant_is_written_in_utc_with_four_digits_of_year),
		cmocka_unit_test(
			what_is_written_is_read_back_the_same_whatever_the_zone_of_the_host),
		cmocka_unit_test(a_duration_is_a_sum_of_counts_with_units),
		cmocka_unit_test(a_deadline_counts_down_to_zero_and_never_below),
		cmocka_unit_test(a_deadline_too_far_to_count_is_far_and_not_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
