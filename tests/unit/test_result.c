#include "unit.h"

#include <cjson/cJSON.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "invocation/result.h"

static void fill(struct result *result)
{
	*result = (struct result){.status = STATUS_HELD, .outcome = "superseded"};
	result_set(&result->model, "fish");
	result->version = 12;
	result->created = CREATED_NOW;
	result->previous_version = 11;
	result_set(&result->run_id, "0123");
	result_set(&result->digest, "abcd");
	result_set(&result->stage, "None");
	result_set(&result->alias, "production");
	result_set(&result->package, "/spool/fish.tar.gz");
	result_set(&result->registry_url, "http://h:5000");
	result_set(&result->tracking_url, "http://t:5000");
	gate_verdicts_add(
		&result->verdicts, "val_accuracy", "passed", "val_accuracy 0.9, at least 0.8");
	gate_verdicts_add(&result->verdicts, "freshness", "overridden", "trained 40.00 h ago");
	result_set(&result->served, "{\"state\":\"served\"}");
	result_add_step(result, "upload", 1234, "3 files sent");
	result_add_step(result, "register", 0, "version 12 created");
}

/* It begins so, and its last member says when it was made. */
static void assert_line(const char *line, const char *start)
{
	const char *rest = line + strlen(start);
	assert_memory_equal(line, start, strlen(start));
	assert_memory_equal(rest, ",\"at\":\"20", strlen(",\"at\":\"20"));
	assert_string_equal(line + strlen(line) - 3, "Z\"}");
}

static void the_line_has_exactly_the_fields_that_are_scripted_against(void **state)
{
	struct result result;
	(void)state;
	fill(&result);
	char *line = result_line(&result, NULL);
	assert_line(line,
		"{\"schema\":\"modelhook/result@1\",\"outcome\":\"superseded\",\"exit\":99,"
		"\"retryable\":false,\"model\":\"fish\",\"version\":\"12\","
		"\"previous_version\":\"11\",\"run_id\":\"0123\",\"trained_at\":null,\"digest\":"
		"\"abcd\","
		"\"stage\":\"None\",\"alias\":\"production\",\"reason\":null,\"created\":true,"
		"\"verified\":null,"
		"\"gate\":[{\"name\":"
		"\"val_accuracy\",\"verdict\":\"passed\",\"detail\":\"val_accuracy 0.9, at least "
		"0.8\"},{\"name\":\"freshness\",\"verdict\":\"overridden\",\"detail\":\"trained "
		"40.00 h "
		"ago\"}],\"served\":{\"state\":\"served\"},\"steps\":[{\"name\":\"upload\",\"ms\":"
		"1234,\"did\":\"3 files "
		"sent\"},{\"name\":\"register\",\"ms\":0,\"did\":\"version 12 created\"}],"
		"\"package\":\"/spool/fish.tar.gz\",\"error\":null,\"registry_url\":"
		"\"http://h:5000\",\"tracking_url\":\"http://t:5000\"");
	free(line);
	result_release(&result);
	result_release(&result);
}

static void what_was_never_reached_is_null_and_not_left_out(void **state)
{
	struct result result = {0};
	struct fail f;
	(void)state;
	fail_set(&f, STATUS_LATER, "no answer from \"h\"");
	fail_hint(&f, "replay it");
	char *line = result_line(&result, &f);
	assert_line(line,
		"{\"schema\":\"modelhook/result@1\",\"outcome\":\"later\",\"exit\":75,"
		"\"retryable\":true,\"model\":null,\"version\":null,\"previous_version\":null,"
		"\"run_id\":null,\"trained_at\":null,\"digest\":null,\"stage\":null,\"alias\":null,"
		"\"reason\":null,\"created\":null,\"verified\":null,\"gate\":[],"
		"\"served\":null,\"steps\":[],\"package\":null,\"error\":{\"kind\":\"later\","
		"\"message\":\"no "
		"answer from \\\"h\\\"\",\"hint\":\"replay "
		"it\"},\"registry_url\":null,\"tracking_url\":null");
	free(line);
	fail_set(&f, STATUS_USAGE, "x");
	line = result_line(&result, &f);
	assert_contains(line, "\"hint\":null}");
	assert_contains(line, "\"exit\":64,\"retryable\":false");
	free(line);
}

static void a_failure_outranks_the_outcome_that_was_reached_before_it(void **state)
{
	struct result result;
	struct fail f;
	(void)state;
	fill(&result);
	fail_set(&f, STATUS_TERMINATED, "stopped by SIGTERM");
	char *line = result_line(&result, &f);
	assert_contains(line, "\"outcome\":\"terminated\",\"exit\":143,\"retryable\":true");
	assert_contains(line, "\"version\":\"12\"");
	free(line);
	result_release(&result);
}

static void a_status_without_an_outcome_gives_its_word(void **state)
{
	struct result result = {.status = STATUS_PROMOTED};
	(void)state;
	char *line = result_line(&result, NULL);
	assert_contains(line, "\"outcome\":\"promoted\",\"exit\":0,\"retryable\":false");
	free(line);
}

static void a_plan_adds_its_calls_and_only_a_plan_does(void **state)
{
	static const struct {
		const char *plan, *list;
	} rows[] = {
		{"", "\"plan\":[]}"},
		{"POST a {}\n", "\"plan\":[\"POST a {}\"]}"},
		{"POST a {}\nPUT b", "\"plan\":[\"POST a {}\",\"PUT b\"]}"},
		{"a\n\nb\n", "\"plan\":[\"a\",\"\",\"b\"]}"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct result result = {0};
		result_set(&result.plan, rows[i].plan);
		char *line = result_line(&result, NULL);
		assert_contains(line, rows[i].list);
		free(line);
		result_release(&result);
	}
}

/* Whatever a path, a reason or a server put in. */
static void the_line_is_one_line_of_utf8_and_reads_back(void **state)
{
	static const char *const rows[] = {"a\nb\r\033[2J", "\xff\xfe", "caf\xc3\xa9 \xe2\x82\xac",
		"\xe2\x82", "\"quoted\\\"", "\x01\x1f\x7f"};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct result result = {0};
		struct fail f;
		result_set(&result.package, rows[i]);
		result_set(&result.model, rows[i]);
		result_add_step(&result, "pack", 1, rows[i]);
		gate_verdicts_add(&result.verdicts, rows[i], "passed", rows[i]);
		fail_set(&f, STATUS_DISK, "%s", rows[i]);
		char *line = result_line(&result, &f);
		assert_true(utf8_is_valid(line, strlen(line)));
		assert_null(strpbrk(line, "\n\r\033"));
		cJSON *json = cJSON_Parse(line);
		assert_non_null(json);
		const char *model = cJSON_GetStringValue(cJSON_GetObjectItem(json, "model"));
		assert_non_null(model);
		if (utf8_is_valid(rows[i], strlen(rows[i])))
			assert_string_equal(model, rows[i]);
		cJSON_Delete(json);
		free(line);
		result_release(&result);
	}
}

static void an_outcome_for_the_run_is_short_and_dated(void **state)
{
	struct result result;
	int64_t at, now = clock_now_ms();
	(void)state;
	fill(&result);
	char *text = result_outcome(&result, NULL);
	const char *start = "{\"schema\":\"modelhook/result@1\",\"outcome\":\"superseded\","
			    "\"exit\":99,\"retryable\":false,\"model\":\"fish\",\"version\":\"12\","
			    "\"at\":\"";
	assert_memory_equal(text, start, strlen(start));
	cJSON *json = cJSON_Parse(text);
	assert_int_equal(cJSON_GetArraySize(json), 9);
	const char *dated = cJSON_GetStringValue(cJSON_GetObjectItem(json, "at"));
	assert_true(clock_parse_rfc3339(dated, &at));
	assert_in_range(at, now, now + 60000);
	cJSON_Delete(json);
	free(text);
	result_release(&result);
}

static void a_field_can_be_set_again_from_itself_and_cleared(void **state)
{
	char *field = NULL;
	(void)state;
	result_set(&field, "first");
	result_set(&field, field + 1);
	assert_string_equal(field, "irst");
	result_set(&field, NULL);
	assert_null(field);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_line_has_exactly_the_fields_that_are_scripted_against),
		cmocka_unit_test(what_was_never_reached_is_null_and_not_left_out),
		cmocka_unit_test(a_failure_outranks_the_outcome_that_was_reached_before_it),
		cmocka_unit_test(a_status_without_an_outcome_gives_its_word),
		cmocka_unit_test(a_plan_adds_its_calls_and_only_a_plan_does),
		cmocka_unit_test(the_line_is_one_line_of_utf8_and_reads_back),
		cmocka_unit_test(an_outcome_for_the_run_is_short_and_dated),
		cmocka_unit_test(a_field_can_be_set_again_from_itself_and_cleared),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
