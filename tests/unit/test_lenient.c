/* What servers answer, read leniently: as a whole, and with a long list in it as it comes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"
#include "packaging/json/json_list.h"
#include "packaging/json/lenient.h"

static int count_item(void *context, struct json_lenient *answer,
	const struct json_lenient_value *item, struct fail *f)
{
	(void)answer;
	(void)item;
	(void)f;
	++*(size_t *)context;
	return 0;
}

static int read_list(const char *text, int depth, size_t *count, struct fail *f)
{
	struct json_list list = {.key = "a", .depth = depth, .take = count_item, .context = count};
	struct json_lenient rest = {0};
	int result = json_list_add(&list, text, strlen(text), f);
	if (result == 0)
		result = json_list_end(&list, &rest, f);
	json_lenient_release(&rest);
	json_list_release(&list);
	return result;
}

static void the_items_of_a_list_are_counted(void **state)
{
	static const struct {
		const char *text;
		int depth;
		size_t count;
	} rows[] = {
		{"{\"a\":[]}", 1, 0},
		{"{\"a\":null}", 1, 0},
		{"{\"a\":7}", 1, 0},
		{"{}", 1, 0},
		{"{\"a\":[{},{\"a\":[1]}],\"b\":{\"a\":[2]}}", 1, 2},
		{"{\"b\":\"a\",\"a\" : [{}]}", 1, 1},
		{"{\"a\":{\"a\":[{}]}}", 2, 1},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fail f = {0};
		size_t count = 0;
		if (read_list(rows[i].text, rows[i].depth, &count, &f) != 0)
			fail_msg("%s: %s", rows[i].text, f.text);
		assert_int_equal(count, rows[i].count);
	}
}

static void a_key_that_is_not_one_list_is_refused(void **state)
{
	static const struct {
		const char *text;
		int depth;
		const char *said;
	} rows[] = {
		{"{\"a\":[],\"a\":[]}", 1, "\"a\" is given twice"},
		{"{\"a\":null,\"a\":[{}]}", 1, "\"a\" is given twice"},
		{"{\"a\":[{}],\"a\":7}", 1, "\"a\" is given twice"},
		{"{\"a\":[{}],\"\\u0061\":[]}", 1, "\"a\" is given twice"},
		{"{\"b\":{\"a\":[{}]},\"c\":{\"a\":null}}", 2, "\"a\" is given twice"},
		{"{\"\\u0061\":[{}]}", 1, "\"a\" is written with escapes"},
		{"{\"a\":[1]}", 1, "\"a\" is no array of objects"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fail f = {0};
		size_t count = 0;
		if (read_list(rows[i].text, rows[i].depth, &count, &f) == 0)
			fail_msg("%s was taken", rows[i].text);
		assert_int_equal(f.status, STATUS_NOT_A_REGISTRY);
		if (strstr(f.text, rows[i].said) == NULL)
			fail_msg("%s: \"%s\"", rows[i].text, f.text);
	}
}

static void a_member_asked_for_is_there_once(void **state)
{
	static const char text[] = "{\"x\":1,\"x\":2,\"y\":3,\"\\u0079\":null,\"z\":4}";
	static const struct {
		const char *key;
		const char *said;
	} rows[] = {{"x", "\"x\" is given twice"}, {"y", "\"y\" is given twice"}, {"z", NULL}};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fail f = {0};
		struct json_lenient answer;
		assert_int_equal(json_lenient_parse(&answer, text, sizeof(text) - 1, &f), 0);
		json_lenient_integer(&answer, json_lenient_root(&answer), rows[i].key);
		bool refused = json_lenient_check(&answer, &f) != 0;
		assert_int_equal(refused, rows[i].said != NULL);
		if (refused)
			assert_non_null(strstr(f.text, rows[i].said));
		json_lenient_release(&answer);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_items_of_a_list_are_counted),
		cmocka_unit_test(a_key_that_is_not_one_list_is_refused),
		cmocka_unit_test(a_member_asked_for_is_there_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
