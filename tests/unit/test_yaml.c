#include "unit.h"

#include "packaging/json/json.h"
#include "packaging/yaml/yaml.h"

static int parse(const char *text, char **json, struct fail *f)
{
	struct cJSON *root;
	*json = NULL;
	if (yaml_parse(text, strlen(text), &root, f) != 0) {
		assert_null(root);
		return -1;
	}
	*json = json_text(root);
	json_release(root);
	return 0;
}

static void documents_become_trees(void **state)
{
	static const struct {
		const char *name, *yaml, *json;
	} rows[] = {
		{"nothing", "", "null"},
		{"a comment alone", "# nothing\n", "null"},
		{"a mapping", "a: b\nc: d\n", "{\"a\":\"b\",\"c\":\"d\"}"},
		{"nested by blanks", "a:\n  b:\n  - c\n  - d: e\n",
			"{\"a\":{\"b\":[\"c\",{\"d\":\"e\"}]}}"},
		{"JSON", "{\"a\": [true, null, \"b\"]}", "{\"a\":[true,null,\"b\"]}"},
		{"booleans", "[true, False, TRUE]", "[true,false,true]"},
		{"quoted words are strings", "['true', \"null\", '~']",
			"[\"true\",\"null\",\"~\"]"},
		{"YAML 1.1's other booleans are strings", "[yes, no, on, off, y, n]",
			"[\"yes\",\"no\",\"on\",\"off\",\"y\",\"n\"]"},
		{"numbers stay as they are written", "[1.30, 007, 1e3]",
			"[\"1.30\",\"007\",\"1e3\"]"},
		{"nothing is null", "a:\nb: ~\n", "{\"a\":null,\"b\":null}"},
		{"an empty string is one", "a: ''\n", "{\"a\":\"\"}"},
		{"a block keeps its lines", "a: |\n  b\n  c\n", "{\"a\":\"b\\nc\\n\"}"},
		{"a document that begins and ends", "---\na: b\n...\n", "{\"a\":\"b\"}"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fail f;
		char *json;
		assert_row(parse(rows[i].yaml, &json, &f) == 0, rows[i].name);
		assert_row(strcmp(json, rows[i].json) == 0, rows[i].name);
		free(json);
	}
}

static void what_readers_disagree_about_is_refused_with_its_line(void **state)
{
	static const struct {
		const char *name, *yaml, *text;
	} rows[] = {
		{"no YAML", "a: [b\n", "line 2: "},
		{"a tab", "a:\n\tb: c\n", "line 2: "},
		{"a key given twice", "a: b\nc: d\na: e\n", "line 3: a key that is given twice"},
		{"a list as a key", "[a]: b\n", "line 1: a key that is not a string"},
		{"an alias", "a: &x b\nc: *x\n", "line 2: an alias"},
		{"a second document", "a: b\n---\nc: d\n", "line 2: a second document"},
		{"a NUL", "a: \"b\\0c\"\n", "line 1: a NUL in a string"},
		{"not UTF-8", "a: \xff\n", "byte 3: "},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fail f = {0};
		char *json;
		assert_row(parse(rows[i].yaml, &json, &f) == -1, rows[i].name);
		assert_row(f.status == STATUS_UNACCEPTABLE, rows[i].name);
		assert_contains(f.text, rows[i].text);
	}
}

static void nesting_is_bounded(void **state)
{
	char text[2001];
	struct fail f;
	char *json;
	(void)state;
	memset(text, '[', 1000);
	memset(text + 1000, ']', 1000);
	text[2000] = '\0';
	assert_failure(parse(text, &json, &f), f, STATUS_UNACCEPTABLE, "nested too deep");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(documents_become_trees),
		cmocka_unit_test(what_readers_disagree_about_is_refused_with_its_line),
		cmocka_unit_test(nesting_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
