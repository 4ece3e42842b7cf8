#include "unit.h"

#include "base/placeholder.h"
#include "deploy/values.h"

static void placeholders_are_replaced_and_other_braces_stay(void **state)
{
	static const struct placeholder list[] = {
		{"{name}", "fish"}, {"{version}", "7"}, {"{brace}", "{name}"}, {NULL, NULL}};
	static const struct {
		const char *pattern, *filled;
	} rows[] = {
		{"", ""}, {"plain", "plain"}, {"{name}/{version}", "fish/7"},
		{"{{name}}", "{fish}"}, {"{other} {nam", "{other} {nam"},
		{"{version}{version}", "77"},
		{"{brace}", "{name}"}, /* a value is not looked at again */
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *filled = placeholder_fill(rows[i].pattern, list);
		assert_string_equal(filled, rows[i].filled);
		free(filled);
	}
}

static void values_are_those_of_the_version_and_percent_encoded_in_a_url(void **state)
{
	struct deploy_model model = {.name = "fish & chips/1", .version = 7, .run_id = "abc"};
	(void)state;
	char *plain =
		deploy_fill("{name} {version} [{previous_version}] [{digest}] {run_id}", &model);
	char *url = deploy_fill_url("http://h/{name}/{version}?a={previous_version}", &model);
	assert_string_equal(plain, "fish & chips/1 7 [] [] abc");
	assert_string_equal(url, "http://h/fish%20%26%20chips%2F1/7?a=");
	free(plain);
	free(url);
	model.previous_version = 6;
	model.stage = "Production";
	model.alias = "production";
	plain = deploy_fill("{previous_version} {stage} {alias} {source}", &model);
	assert_string_equal(plain, "6 Production production ");
	free(plain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(placeholders_are_replaced_and_other_braces_stay),
		cmocka_unit_test(values_are_those_of_the_version_and_percent_encoded_in_a_url),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
