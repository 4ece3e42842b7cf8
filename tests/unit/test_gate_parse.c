#include "unit.h"

#include "gate/gate.h"
#include "gate/parse.h"
#include "gate/rules.h"
#include "packaging/json/json.h"

/* "gates" of a configuration that is nothing else. */
static int parse(const char *text, struct gate **gates, size_t *count, struct fail *f)
{
	struct cJSON *tree = NULL;
	*gates = NULL;
	*count = 0;
	if (json_parse(text, strlen(text), &tree, f) != 0)
		fail_msg("%s: %s", text, f->text);
	struct json_at root = json_root(tree);
	struct json_at list = json_get(&root, "gates");
	int result = gate_parse(&list, "folder", gates, count, f);
	json_release(tree);
	return result;
}

#define RULE(rule) "{\"gates\": [" rule "]}"

static void each_rule_is_known_by_its_keys(void **state)
{
	struct gate *gates;
	struct fail f;
	size_t count;
	(void)state;
	assert_int_equal(
		parse(RULE("{\"metric\": \"val_accuracy\", \"at_least\": 0.80},"
			   "{\"metric\": \"loss\", \"at_most\": 2, \"at_least\": -1, \"name\": "
			   "\"sane loss\"},"
			   "{\"metric\": \"val_accuracy\", \"not_below_champion_by\": 0.01},"
			   "{\"metric\": \"val_accuracy\", \"not_below_champion_by\": 0.0, "
			   "\"confidence\": 0.95, \"samples\": \"test\"},"
			   "{\"metric\": \"train_accuracy\", \"minus\": \"val_accuracy\", "
			   "\"at_most\": 0.10},"
			   "{\"weights\": \"differ_from_champion\"},"
			   "{\"max_age\": \"36h\"},"
			   "{\"metric\": \"a\", \"not_below_champion_by\": 0, \"confidence\": "
			   "0.9}"),
			&gates, &count, &f),
		0);
	assert_int_equal(count, 8);
	assert_ptr_equal(gates[0].rule, &gate_rule_threshold);
	assert_string_equal(gates[0].name, "val_accuracy");
	assert_true(gates[0].has_least && !gates[0].has_most && gates[0].at_least == 0.80);
	assert_string_equal(gates[1].name, "sane loss");
	assert_true(gates[1].has_least && gates[1].has_most);
	assert_true(gates[1].at_least == -1 && gates[1].at_most == 2);
	assert_ptr_equal(gates[2].rule, &gate_rule_champion);
	assert_string_equal(gates[2].name, "val_accuracy against champion");
	assert_true(gates[2].margin == 0.01 && gates[2].confidence == 0);
	assert_ptr_equal(gates[3].rule, &gate_rule_champion);
	assert_true(gates[3].confidence == 0.95);
	assert_string_equal(gates[3].samples, "test");
	assert_ptr_equal(gates[4].rule, &gate_rule_pair);
	assert_string_equal(gates[4].name, "train_accuracy - val_accuracy");
	assert_string_equal(gates[4].minus, "val_accuracy");
	assert_ptr_equal(gates[5].rule, &gate_rule_changed);
	assert_string_equal(gates[5].name, "weights");
	assert_ptr_equal(gates[6].rule, &gate_rule_freshness);
	assert_string_equal(gates[6].name, "freshness");
	assert_int_equal(gates[6].max_age_ms, 36 * 3600 * 1000);
	assert_string_equal(gates[7].samples, "validation");
	gates_release(gates, count);
}

static void no_rules_are_no_gates(void **state)
{
	struct gate *gates;
	struct fail f;
	size_t count;
	(void)state;
	assert_int_equal(parse(RULE(""), &gates, &count, &f), 0);
	assert_int_equal(count, 0);
	gates_release(gates, count);
}

static const struct {
	const char *text, *error;
} mistakes[] = {
	{"{\"gates\": {}}", "gates: not an array"},
	{"{}", "gates: missing"},
	{RULE("1"), "gates[0]: not an object"},
	{RULE("{}"), "gates[0]: is no rule: it needs \"metric\", \"weights\", "
		     "\"max_age\" or \"command\""},
	{RULE("{\"name\": \"x\"}"), "gates[0]: is no rule"},
	{RULE("{\"at_least\": 1}"), "gates[0]: is no rule"},
	{RULE("{\"metric\": \"a\"}"), "gates[0]: needs \"at_least\" or \"at_most\""},
	{RULE("{\"metric\": \"a\", \"at_leat\": 1}"), "gates[0].at_leat: unknown key"},
	{RULE("{\"metric\": \"a\", \"at_least\": \"1\"}"), "gates[0].at_least: not a number"},
	{RULE("{\"metric\": \"a\", \"at_most\": null}"), "gates[0].at_most: not a number"},
	{RULE("{\"metric\": 1, \"at_least\": 1}"), "gates[0].metric: not a string"},
	{RULE("{\"metric\": \"a\", \"at_least\": 1, \"name\": 7}"), "gates[0].name: not a string"},
	{RULE("{\"metric\": \"a\", \"at_least\": 2, \"at_most\": 1}"),
		"gates[0]: \"at_least\" is above \"at_most\": nothing passes"},
	{RULE("{\"metric\": \"a\", \"at_least\": 1}, {\"minus\": \"b\", \"at_most\": 1}"),
		"gates[1]: needs \"metric\""},
	{RULE("{\"metric\": \"a\", \"minus\": \"b\"}"),
		"gates[0]: needs \"at_least\" or \"at_most\""},
	{RULE("{\"metric\": \"a\", \"minus\": 1, \"at_most\": 1}"), "gates[0].minus: not a string"},
	{RULE("{\"not_below_champion_by\": 1}"), "gates[0]: needs \"metric\""},
	{RULE("{\"metric\": \"a\", \"not_below_champion_by\": true}"),
		"gates[0].not_below_champion_by: not a number"},
	{RULE("{\"metric\": \"a\", \"not_below_champion_by\": 0, \"at_least\": 1}"),
		"gates[0].at_least: unknown key"},
	{RULE("{\"metric\": \"a\", \"not_below_champion_by\": 0, \"minus\": \"b\"}"),
		"gates[0].minus: unknown key"},
	{RULE("{\"metric\": \"a\", \"not_below_champion_by\": 0, \"confidence\": 1}"),
		"gates[0]: \"confidence\" must lie between 0.5 and 1"},
	{RULE("{\"metric\": \"a\", \"not_below_champion_by\": 0, \"confidence\": 0.5}"),
		"gates[0]: \"confidence\" must lie between 0.5 and 1"},
	{RULE("{\"metric\": \"a\", \"not_below_champion_by\": 0, \"confidence\": 95}"),
		"gates[0]: \"confidence\" must lie between 0.5 and 1"},
	{RULE("{\"metric\": \"a\", \"not_below_champion_by\": 0, \"confidence\": \"0.9\"}"),
		"gates[0].confidence: not a number"},
	{RULE("{\"metric\": \"a\", \"not_below_champion_by\": 0, \"samples\": \"test\"}"),
		"gates[0]: \"samples\" goes with \"confidence\""},
	{RULE("{\"metric\": \"a\", \"not_below_champion_by\": 0, \"confidence\": 0.9, "
	      "\"samples\": 5}"),
		"gates[0].samples: not a string"},
	{RULE("{\"metric\": \"a\", \"confidence\": 0.9, \"at_least\": 1}"),
		"gates[0].confidence: unknown key"},
	{RULE("{\"weights\": \"differ\"}"), "gates[0]: \"weights\" takes \"differ_from_champion\""},
	{RULE("{\"weights\": true}"), "gates[0].weights: not a string"},
	{RULE("{\"weights\": \"differ_from_champion\", \"metric\": \"a\"}"),
		"gates[0].metric: unknown key"},
	{RULE("{\"max_age\": \"36\"}"), "gates[0]: \"max_age\" is a duration such as \"36h\""},
	{RULE("{\"max_age\": 36}"), "gates[0].max_age: not a string"},
	{RULE("{\"max_age\": \"36h\", \"at_most\": 1}"), "gates[0].at_most: unknown key"},
	{RULE("{\"max_age\": \"36h\"}, {\"max_age\": \"1d\"}, {\"what\\n\": 1, \"metric\": "
	      "\"a\"}"),
		"gates[2].what\\x0a: unknown key"},
};

static void each_mistake_is_named_by_rule_and_key(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(mistakes); i++) {
		struct gate *gates;
		struct fail f;
		size_t count;
		assert_row(parse(mistakes[i].text, &gates, &count, &f) == -1, mistakes[i].text);
		assert_int_equal(f.status, STATUS_UNACCEPTABLE);
		if (strncmp(f.text, mistakes[i].error, strlen(mistakes[i].error)) != 0)
			fail_msg("%s: %s", mistakes[i].text, f.text);
		assert_null(gates);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_rule_is_known_by_its_keys),
		cmocka_unit_test(no_rules_are_no_gates),
		cmocka_unit_test(each_mistake_is_named_by_rule_and_key),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
