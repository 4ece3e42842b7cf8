#include "unit.h"

#include "base/text.h"
#include "deploy/mlserver_settings.h"
#include "deploy/published.h"
#include "deploy/server_versions.h"

#define ITEM(version, state, reason)                                                               \
	"{\"name\":\"fish\",\"version\":\"" version "\",\"state\":\"" state                        \
	"\",\"reason\":\"" reason "\"}"
#define STATUS(version, state, code, message)                                                      \
	"{\"version\":\"" version "\",\"state\":\"" state "\",\"status\":{\"error_code\":\"" code  \
	"\",\"error_message\":\"" message "\"}}"
#define STATUSES(list) "{\"model_version_status\":[" list "]}"

enum verdict { SERVED, WAITING, UNLISTED, REFUSED };

static enum verdict judge(const struct server_versions *versions, struct fail *f)
{
	bool listed, served;
	if (server_versions_judge(versions, "2", &listed, &served, f) != 0)
		return REFUSED;
	if (served)
		return SERVED;
	return listed ? WAITING : UNLISTED;
}

/* What is said of version 2. */
static void the_version_is_served_only_where_the_server_says_so(void **state)
{
	static const struct {
		const char *index, *ready;
		enum verdict verdict;
		const char *message;
	} rows[] = {
		{"[" ITEM("2", "READY", "") "]", "2", SERVED, ""},
		{"[" ITEM("1", "READY", "") "," ITEM("2", "READY", "") "]", "1, 2", SERVED, ""},
		{"[" ITEM("1", "READY", "") "," ITEM("2", "LOADING", "") "]", "1", WAITING, ""},
		{"[" ITEM("1", "READY", "") "]", "1", UNLISTED, ""},
		{"[" ITEM("2", "UNAVAILABLE", "unloaded") "]", "none", WAITING, ""},
		{"[" ITEM("1", "READY", "") "," ITEM("2", "UNAVAILABLE", "no such op") "]", "1",
			REFUSED, "could not load version 2: no such op"},
		{"[" ITEM("2", "READY", "") "," ITEM("10", "READY", "") "]", "2, 10", REFUSED,
			"version 2 is ready, and so is version 10"},
		{"[{\"name\":\"fish\"}]", "none", UNLISTED, ""},
		{"[{\"name\":\"boat\",\"version\":\"2\",\"state\":\"READY\"}, 7, null]", "none",
			UNLISTED, ""},
		{"[]", "none", UNLISTED, ""},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct server_versions versions;
		struct fail f = {0};
		assert_row(server_versions_triton(rows[i].index, strlen(rows[i].index), "fish",
				   &versions, &f) == 0,
			rows[i].index);
		char *ready = server_versions_ready(&versions);
		assert_string_equal(ready, rows[i].ready);
		assert_row(judge(&versions, &f) == rows[i].verdict, rows[i].index);
		assert_contains(f.text, rows[i].message);
		free(ready);
		server_versions_release(&versions);
	}
}

static void tf_servings_states_are_known(void **state)
{
	static const struct {
		const char *status;
		enum verdict verdict;
		const char *message;
	} rows[] = {
		{STATUSES(STATUS("2", "AVAILABLE", "OK", "")), SERVED, ""},
		{STATUSES(STATUS("2", "LOADING", "OK", "") "," STATUS("1", "AVAILABLE", "OK", "")),
			WAITING, ""},
		{STATUSES(STATUS("2", "END", "OK", "") "," STATUS("1", "AVAILABLE", "OK", "")),
			WAITING, ""},
		{STATUSES(STATUS("2", "END", "DATA_LOSS", "shard is short")), REFUSED,
			"shard is short"},
		{STATUSES(
			 STATUS("3", "AVAILABLE", "OK", "") "," STATUS("2", "AVAILABLE", "OK", "")),
			REFUSED, "so is version 3"},
		{STATUSES(""), UNLISTED, ""},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct server_versions versions;
		struct fail f = {0};
		assert_row(server_versions_tf_serving(
				   rows[i].status, strlen(rows[i].status), &versions, &f) == 0,
			rows[i].status);
		assert_row(judge(&versions, &f) == rows[i].verdict, rows[i].status);
		assert_contains(f.text, rows[i].message);
		server_versions_release(&versions);
	}
}

static void what_is_no_list_of_versions_is_refused(void **state)
{
	static const char *const texts[] = {"", "<html>", "{}", "\"READY\"", "{\"error\":\"no\"}"};
	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct server_versions versions;
		struct fail f;
		size_t size = strlen(texts[i]);
		assert_failure(server_versions_triton(texts[i], size, "fish", &versions, &f), f,
			STATUS_NOT_SERVED, "server");
		server_versions_release(&versions);
		assert_failure(server_versions_tf_serving(texts[i], size, &versions, &f), f,
			STATUS_NOT_SERVED, "server");
		server_versions_release(&versions);
	}
}

static void an_answer_names_the_version_that_gave_it(void **state)
{
	static const struct {
		const char *answer, *version;
	} rows[] = {
		{"{\"model_name\":\"fish\",\"model_version\":\"3\",\"outputs\":[]}", "3"},
		{"{\"model_version\":3}", "3"},
		{"{\"model_version\":null,\"outputs\":[]}", NULL},
		{"{\"model_version\":[\"3\"]}", NULL},
		{"{\"outputs\":[]}", NULL},
		{"[3]", NULL},
		{"3, says the fish", NULL},
		{"", NULL},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *version = server_versions_answered(rows[i].answer, strlen(rows[i].answer));
		assert_row(text_equal(version, rows[i].version), rows[i].answer);
		free(version);
	}
}

static void settings_of_mlserver_keep_what_the_user_wrote(void **state)
{
	static const struct {
		const char *before, *after;
	} rows[] = {
		{NULL, "{\"name\":\"fish\",\"implementation\":\"mlserver_mlflow.MLflowRuntime\","
		       "\"parameters\":{\"uri\":\"./8\",\"version\":\"7\"}}"},
		{"{\"implementation\":\"my.Runtime\",\"parameters\":{\"uri\":\"./1\",\"version\":"
		 "\"1\",\"extra\":{\"a\":[1]}},\"max_batch_size\":4}",
			"{\"implementation\":\"my.Runtime\",\"parameters\":{\"uri\":\"./"
			"8\",\"version\":\"7\",\"extra\":{\"a\":[1]}},\"max_batch_size\":4,"
			"\"name\":\"fish\"}"},
		{"{\"name\":\"fish\"}",
			"{\"name\":\"fish\",\"parameters\":{\"uri\":\"./8\",\"version\":\"7\"}}"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct text changed = {0};
		struct fail f;
		assert_int_equal(
			mlserver_settings_change(rows[i].before, "fish", "./8", "7", &changed, &f),
			0);
		assert_string_equal(changed.data, rows[i].after);
		text_release(&changed);
	}
}

static void settings_of_another_model_or_none_are_refused(void **state)
{
	static const char *const texts[] = {
		"{\"name\":\"boat\"}", "[]", "{\"parameters\":\"./1\"}", "{", ""};
	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct text changed = {0};
		struct fail f = {0};
		assert_row(
			mlserver_settings_change(texts[i], "fish", "./8", "7", &changed, &f) == -1,
			texts[i]);
		assert_int_equal(f.status, STATUS_UNACCEPTABLE);
		assert_int_equal(changed.size, 0);
	}
}

#define PUBLISHED(numbers)                                                                         \
	"{\"schema\":\"modelhook/published@1\",\"model\":\"fish\",\"numbers\":[" numbers "]}"
#define NUMBER(number, version)                                                                    \
	"{\"number\":" number ",\"version\":" version                                              \
	",\"digest\":null,\"at\":\"2026-11-22T20:03:17Z\"}"

static void a_file_of_numbers_is_read_strictly(void **state)
{
	static const struct {
		const char *text, *message; /* NULL: it is fine */
	} rows[] = {
		{PUBLISHED(""), NULL},
		{PUBLISHED(NUMBER("7", "7") "," NUMBER("8", "6")), NULL},
		{PUBLISHED(NUMBER("8", "7") "," NUMBER("8", "6")), "numbers[1]: is not larger"},
		{PUBLISHED(NUMBER("0", "7")), "numbers[0].number"},
		{PUBLISHED(NUMBER("1", "\"7\"")), "numbers[0].version"},
		{PUBLISHED("7"), "numbers[0]"},
		{"{\"schema\":\"modelhook/published@2\",\"model\":\"fish\",\"numbers\":[]}",
			"schema"},
		{"{\"schema\":\"modelhook/published@1\",\"model\":\"fish\",\"more\":1}", "more"},
		{"[]", ""},
		{"", ""},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct published published;
		struct fail f = {0};
		int result = published_parse(rows[i].text, strlen(rows[i].text), &published, &f);
		assert_row(result == (rows[i].message == NULL ? 0 : -1), rows[i].text);
		if (rows[i].message != NULL)
			assert_contains(f.text, rows[i].message);
		published_release(&published);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_version_is_served_only_where_the_server_says_so),
		cmocka_unit_test(tf_servings_states_are_known),
		cmocka_unit_test(what_is_no_list_of_versions_is_refused),
		cmocka_unit_test(an_answer_names_the_version_that_gave_it),
		cmocka_unit_test(settings_of_mlserver_keep_what_the_user_wrote),
		cmocka_unit_test(settings_of_another_model_or_none_are_refused),
		cmocka_unit_test(a_file_of_numbers_is_read_strictly),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
