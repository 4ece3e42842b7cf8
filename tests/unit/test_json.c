#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"
#include "base/text.h"
#include "packaging/json/json.h"
#include "packaging/json/note.h"

static int parse(const char *text, struct fail *f)
{
	struct cJSON *root = NULL;
	int result = json_parse(text, strlen(text), &root, f);
	json_release(root);
	return result;
}

static void what_is_json_is_taken(void **state)
{
	static const char *const texts[] = {"0", " [ ] ", "{}", "-0.5e-7",
		"\"\\ud83d\\ude00 \\u00e9\"", "[true,false,null,{\"a\":[1]}]",
		"\"\xf0\x9f\x90\x9f\"", "\t\r\n1\n", "1E+2"};
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct fail f = {0};
		if (parse(texts[i], &f) != 0)
			fail_msg("%s: %s", texts[i], f.text);
	}
}

static const struct {
	const char *text, *said;
} not_json[] = {
	{"", "line 1, column 1: the text ends"},
	{"\xef\xbb\xbf{}", "line 1, column 1: a value was expected"},
	{"{\n \"a\": 1,\n}", "line 3, column 1: a key in quotes was expected"},
	{"[1,]", "line 1, column 4: a value was expected"},
	{"{\"a\" 1}", "':' was expected"},
	{"{a:1}", "a key in quotes"},
	{"[1 2]", "',' or ']' was expected"},
	{"[1", "',' or ']' was expected"},
	{"{\"a\":1 \"b\":2}", "',' or '}' was expected"},
	{"1 2", "something follows the value"},
	{"{}{}", "something follows"},
	{"01", "not a number"},
	{"-", "not a number"},
	{"1.", "a digit is missing behind the point"},
	{".5", "a value was expected"},
	{"+1", "a value was expected"},
	{"1e", "a digit is missing in the exponent"},
	{"NaN", "a value was expected"},
	{"Infinity", "a value was expected"},
	{"{\"metrics\": {\"a\": 1, \"val_loss\": NaN}}",
		"line 1, column 34: metrics.val_loss is NaN: a value was expected"},
	{"{\"a\": [1, {\"b\": -Infinity}]}", "a[1].b is -Infinity: "},
	{"[1, Infinity]", "[1] is Infinity: "},
	{"-Infinity", ": -Infinity: a value was expected, and JSON has no -Infinity"},
	{"{\"a\": Nan}", "a value was expected"},
	{"nul", "a value was expected"},
	{"'a'", "a value was expected"},
	{"\"a", "the text ends inside a string"},
	{"\"a\nb\"", "a control character in a string"},
	{"\"\\x41\"", "an unknown escape"},
	{"\"\\u12g4\"", "four hex digits"},
	{"\"\\u0000\"", "a NUL character"},
	{"\"\\ud800\"", "a lone surrogate"},
	{"\"\\ud800\\u0041\"", "a lone surrogate"},
	{"\"\\udc00\"", "a lone surrogate"},
	{"\"\xc0\x80\"", "not UTF-8"},
	{"\"\xed\xa0\x80\"", "not UTF-8"},
	{"\f1", "a value was expected"},
	{"1111111111222222222233333333334444444444555555555566666666667777",
		"a number of more than 63 characters"},
	{"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
		"nested too deeply"},
	{"{\"a\":1,\"b\":2,\"a\":3}", "a: given twice"},
	{"{\"m\":[0,{\"k\":1,\"\\u006b\":2}]}", "m[1].k: given twice"},
};

static void what_is_not_json_is_refused_where_it_ends(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(not_json) / sizeof(not_json[0]); i++) {
		struct fail f = {0};
		if (parse(not_json[i].text, &f) == 0)
			fail_msg("%s was taken", not_json[i].text);
		assert_int_equal(f.status, STATUS_UNACCEPTABLE);
		if (strstr(f.text, not_json[i].said) == NULL)
			fail_msg("%s: \"%s\" where \"%s\" was expected", not_json[i].text, f.text,
				not_json[i].said);
	}
}

static void a_nul_byte_does_not_end_the_text(void **state)
{
	struct cJSON *root = NULL;
	struct fail f = {0};
	(void)state;
	assert_int_equal(json_parse("1\0x", 3, &root, &f), -1);
	assert_non_null(strstr(f.text, "something follows the value"));
}

static void values_of_the_wrong_type_are_named_by_their_path(void **state)
{
	const char *text = "{\"o\":{\"n\":1e999,\"s\":\"x\",\"i\":1.5,\"big\":9007199254740994},"
			   "\"a\":[1,\"two\"],\"\\u001b[31m\":1}";
	struct cJSON *root = NULL;
	struct fail f = {0};
	double number;
	int64_t integer;
	char *string = NULL;
	bool truth;
	static const char *const known[] = {"o", "a"};
	(void)state;
	assert_int_equal(json_parse(text, strlen(text), &root, &f), 0);
	struct json_at at = json_root(root), o = json_get(&at, "o"), a = json_get(&at, "a");
	struct json_at n = json_get(&o, "n"), s = json_get(&o, "s"), i = json_get(&o, "i");
	struct json_at big = json_get(&o, "big"), gone = json_get(&o, "gone");
	struct json_at one = json_first(&a), two = json_next(&one), three = json_next(&two);

	assert_int_equal(json_number(&n, &number, &f), -1);
	assert_string_equal(f.text, "o.n: not a finite number");
	assert_int_equal(json_number(&s, &number, &f), -1);
	assert_string_equal(f.text, "o.s: not a number");
	assert_int_equal(json_integer(&i, 0, 10, &integer, &f), -1);
	assert_string_equal(f.text, "o.i: not an integer");
	assert_int_equal(json_integer(&big, 0, INT64_MAX, &integer, &f), -1);
	assert_string_equal(f.text, "o.big: not an integer");
	assert_int_equal(json_integer(&one, 2, 3, &integer, &f), -1);
	assert_string_equal(f.text, "a[0]: not between 2 and 3");
	assert_int_equal(json_bool(&two, &truth, &f), -1);
	assert_string_equal(f.text, "a[1]: not true or false");
	assert_int_equal(json_string(&gone, &string, &f), -1);
	assert_string_equal(f.text, "o.gone: missing");
	assert_null(string);
	assert_int_equal(json_object(&a, &f), -1);
	assert_string_equal(f.text, "a: not an object");
	assert_int_equal(json_array(&at, &f), -1);
	assert_string_equal(f.text, "not an array");
	assert_int_equal(json_known_keys(&at, known, 2, &f), -1);
	assert_string_equal(f.text, "\\x1b[31m: unknown key");
	assert_false(json_is_there(&three));
	json_release(root);
}

static void numbers_are_the_shortest_that_read_back(void **state)
{
	static const struct {
		double number;
		const char *image;
	} rows[] = {
		{0, "0"},
		{-0.0, "0"},
		{1, "1"},
		{-1, "-1"},
		{0.9123, "0.9123"},
		{0.1, "0.1"},
		{1.0 / 3, "0.3333333333333333"},
		{100, "100"},
		{1e20, "100000000000000000000"},
		{1e21, "1e+21"},
		{123456789012345680000.0, "123456789012345680000"},
		{1e-6, "0.000001"},
		{1e-7, "1e-7"},
		{1.5e-9, "1.5e-9"},
		{5e-324, "5e-324"},
		{1.7976931348623157e308, "1.7976931348623157e+308"},
		{9007199254740991.0, "9007199254740991"},
		{12.5, "12.5"},
		{333333333.33333329, "333333333.3333333"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct text text = {0};
		json_print_number(rows[i].number, &text);
		assert_string_equal(text_string(&text), rows[i].image);
		text_release(&text);
	}
}

static void canonical_form_sorts_keys_and_drops_white_space(void **state)
{
	const char *from =
		"{ \"b\" : [ 1.0 , \"\\u0041\\/\\n\\u0001\\u007f\" ], \"a\": {\"z\": null, "
		"\"Z\": true}, \"\xc3\xa4\":false, \"aa\":1e2 }";
	const char *to = "{\"a\":{\"Z\":true,\"z\":null},\"aa\":100,\"b\":[1,\"A/\\n\\u0001\x7f\"],"
			 "\"\xc3\xa4\":false}";
	struct cJSON *root = NULL;
	struct fail f = {0};
	struct text text = {0};
	(void)state;
	assert_int_equal(json_parse(from, strlen(from), &root, &f), 0);
	json_print(root, &text);
	assert_string_equal(text_string(&text), to);
	text_release(&text);
	json_release(root);
}

static void the_locale_changes_nothing(void **state)
{
	const char *const locales[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8"};
	(void)state;
	for (size_t i = 0; i < 3; i++)
		if (setlocale(LC_ALL, locales[i]) != NULL)
			break;
	numbers_are_the_shortest_that_read_back(state);
	canonical_form_sorts_keys_and_drops_white_space(state);
	setlocale(LC_ALL, "C");
}

static void a_tree_prints_its_members_in_the_order_they_were_set(void **state)
{
	struct cJSON *object = json_new_object();
	(void)state;
	json_set_string(object, "z", "\xc3\xa4\n");
	json_set_bool(object, "a", true);
	json_set_string_or_null(object, "none", NULL);
	json_set_string_or_null(object, "some", "text");
	json_set(object, "count", json_new_count(UINT64_MAX));
	json_append(json_set_array(object, "list"), json_new_number(1.5));
	json_set_null(json_set_object(object, "object"), "null");
	char *text = json_take_text(object);
	assert_string_equal(text, "{\"z\":\"\xc3\xa4\\n\",\"a\":true,\"none\":null,"
				  "\"some\":\"text\",\"count\":18446744073709551615,"
				  "\"list\":[1.5],\"object\":{\"null\":null}}");
	free(text);
}

static void a_note_answers_whatever_it_holds(void **state)
{
	static const char *const texts[] = {"{", "null", "7", "\"why\"", "[]", "[[\"why\"]]", "{}",
		"{\"why\": 1}", "{\"WHY\": \"case\"}", "{\"why\": [\"x\"]}"};
	double number = 0;
	(void)state;
	assert_null(json_parse_note(NULL));
	assert_null(json_first_item(NULL));
	assert_null(json_last_item(NULL));
	assert_null(json_find_string(NULL, "why"));
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct cJSON *tree = json_parse_note(texts[i]);
		assert_null(json_find_string(tree, "why"));
		assert_false(json_as_number(json_find(json_first_item(tree), "why"), &number));
		json_release(tree);
	}
}

static void items_of_a_list_are_taken_from_both_ends(void **state)
{
	struct cJSON *list = json_parse_note("[1,{\"at\":\"x\"},3,4]");
	(void)state;
	assert_true(json_is_list(list));
	struct cJSON *last = json_take_last(list), *first = json_take_first(list);
	json_prepend(list, last);
	json_append(list, first);
	json_replace_string((struct cJSON *)json_next_item(json_first_item(list)), "at", "y");
	double number = 0;
	assert_true(json_as_number(json_last_item(list), &number) && number == 1);
	char *text = json_text(list);
	assert_string_equal(text, "[4,{\"at\":\"y\"},3,1]");
	free(text);
	while (json_first_item(list) != NULL)
		json_release(json_take_last(list));
	assert_null(json_last_item(list));
	json_release(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_json_is_taken),
		cmocka_unit_test(what_is_not_json_is_refused_where_it_ends),
		cmocka_unit_test(a_nul_byte_does_not_end_the_text),
		cmocka_unit_test(values_of_the_wrong_type_are_named_by_their_path),
		cmocka_unit_test(numbers_are_the_shortest_that_read_back),
		cmocka_unit_test(canonical_form_sorts_keys_and_drops_white_space),
		cmocka_unit_test(the_locale_changes_nothing),
		cmocka_unit_test(a_tree_prints_its_members_in_the_order_they_were_set),
		cmocka_unit_test(a_note_answers_whatever_it_holds),
		cmocka_unit_test(items_of_a_list_are_taken_from_both_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
