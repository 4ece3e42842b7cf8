#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/text.h"
#include "packaging/package/handoff.h"
#include "packaging/package/handoff_json.h"
#include "packaging/package/handoff_read.h"

#define RUN "0123456789abcdef0123456789abcdef"
#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define START "{\"schema\":\"modelhook/handoff@1\",\"run_id\":\"" RUN "\",\"model\":\"fish\","
#define TIME "\"trained_at\":\"2026-11-22T20:03:17Z\""
#define WHOLE START TIME ",\"saved_model\":\"export\""

static int parse(const char *text, struct handoff *handoff, struct fail *f)
{
	return handoff_parse(text, strlen(text), "/job", handoff, f);
}

static void a_small_handoff_has_its_defaults(void **state)
{
	struct handoff handoff;
	struct fail f = {0};
	(void)state;
	assert_int_equal(parse(WHOLE "}", &handoff, &f), 0);
	assert_string_equal(handoff.run_id, RUN);
	assert_string_equal(handoff.model, "fish");
	assert_string_equal(handoff.saved_model, "/job/export");
	assert_string_equal(handoff.artifact_path, "model");
	assert_true(handoff.trained_at_ms == 1795377797000);
	assert_null(handoff.logged_model);
	assert_null(handoff.description);
	assert_null(handoff_metric(&handoff, "val_accuracy"));
	assert_true(handoff_samples(&handoff, "train") == -1);
	handoff_release(&handoff);
	handoff_release(&handoff);
}

static void everything_is_read_and_sorted(void **state)
{
	struct handoff handoff;
	struct fail f = {0};
	(void)state;
	assert_int_equal(
		parse(START "\"trained_at\":\"2026-11-22T23:03:17.5+03:00\","
			    "\"saved_model\":\"/abs/export\",\"artifact_path\":\"models/fish\","
			    "\"metrics\":{\"val_accuracy\":0.91,\"train_accuracy\":1},"
			    "\"params\":{\"lr\":\"0.1\"},\"tags\":{\"b\":\"2\",\"a\":\"\"},"
			    "\"samples\":{\"validation\":200,\"train\":800},"
			    "\"description\":\"Two\\nlines\","
			    "\"files\":{\"variables/variables.index\":\"" SHA "\"},"
			    "\"requirements\":[\"tensorflow==2.21.0\",\"mlflow\"]}",
			&handoff, &f),
		0);
	assert_string_equal(handoff.saved_model, "/abs/export");
	assert_true(handoff.trained_at_ms == 1795377797500);
	assert_string_equal(handoff.metrics[0].key, "train_accuracy");
	assert_true(*handoff_metric(&handoff, "val_accuracy") == 0.91);
	assert_string_equal(handoff.tags[0].key, "a");
	assert_string_equal(handoff_said(&handoff, "lr"), "0.1");
	assert_null(handoff_said(&handoff, "none"));
	assert_true(handoff_samples(&handoff, "validation") == 200);
	assert_string_equal(handoff.files[0].value, SHA);
	assert_int_equal(handoff.requirement_count, 2);
	assert_string_equal(handoff.requirements[0], "tensorflow==2.21.0");
	handoff_release(&handoff);
}

static const struct {
	const char *text, *said;
} mistakes[] = {
	{"[]", "not an object"},
	{"{}", "schema: missing"},
	{"{\"schema\":\"modelhook/handoff@2\"}", "schema: not modelhook/handoff@1"},
	{"{\"schema\":1}", "schema: not a string"},
	{WHOLE ",\"metric\":{}}", "metric: unknown key"},
	{WHOLE ",\"model\":\"x\"}", "model: given twice"},
	{START TIME "}", "saved_model: missing, and so is logged_model"},
	{START "\"saved_model\":\"export\"}", "trained_at: missing"},
	{START "\"saved_model\":\"e\",\"trained_at\":\"2026-11-22T20:03:17\"}",
		"trained_at: not a time with a zone"},
	{WHOLE ",\"logged_model\":\"model\"}", "saved_model: given beside logged_model"},
	{START TIME ",\"logged_model\":\"model\",\"files\":{}}", "files: only for a saved_model"},
	{START TIME ",\"logged_model\":\"model\",\"requirements\":[\"x\"]}",
		"requirements: only for a saved_model"},
	{START TIME ",\"logged_model\":\"/model\"}",
		"logged_model: not a plain relative path: absolute"},
	{START TIME ",\"saved_model\":\"\"}", "saved_model: empty"},
	{WHOLE ",\"artifact_path\":\"a/../b\"}",
		"artifact_path: not a plain relative path: has a part \"..\""},
	{WHOLE ",\"artifact_path\":\"a//b\"}",
		"artifact_path: not a plain relative path: has an empty part"},
	{WHOLE ",\"artifact_path\":\"a#b\"}", "artifact_path: has a \"#\""},
	{WHOLE ",\"metrics\":{\"val_accuracy\":\"0.9\"}}", "metrics.val_accuracy: not a number"},
	{WHOLE ",\"metrics\":{\"val_accuracy\":1e999}}",
		"metrics.val_accuracy: not a finite number"},
	{WHOLE ",\"metrics\":{\"val_accuracy\":null}}", "metrics.val_accuracy: not a number"},
	{WHOLE ",\"metrics\":{\"\":1}}", "metrics.: empty"},
	{WHOLE ",\"metrics\":[1]}", "metrics: not an object"},
	{WHOLE ",\"params\":{\"lr\":0.1}}", "params.lr: not a string"},
	{WHOLE ",\"params\":{\"a\\nb\":\"\"}}", "params.a\\x0ab: has a control character"},
	{WHOLE ",\"tags\":{\"modelhook.digest\":\"x\"}}", "tags.modelhook.digest: names"},
	{WHOLE ",\"samples\":{\"train\":-1}}", "samples.train: not between 0 and"},
	{WHOLE ",\"samples\":{\"train\":1.5}}", "samples.train: not an integer"},
	{WHOLE ",\"files\":{\"a\":\"" RUN "\"}}", "files.a: not 64 lower-case hex digits"},
	{WHOLE ",\"files\":{\"../a\":\"" SHA "\"}}", "files.../a: not a plain relative path"},
	{WHOLE ",\"requirements\":[]}", "requirements: empty"},
	{WHOLE ",\"requirements\":[\"a\\nb\"]}", "requirements[0]: has a control character"},
	{WHOLE ",\"requirements\":[\"a\",1]}", "requirements[1]: not a string"},
	{WHOLE ",\"description\":7}", "description: not a string"},
	{"{\"schema\":\"modelhook/handoff@1\",\"run_id\":\"0123\"}",
		"run_id: not 32 lower-case hex digits"},
	{"{\"schema\":\"modelhook/handoff@1\",\"run_id\":\"" RUN "\",\"model\":\"a/b\"}",
		"model: has a \"/\" or \":\""},
	{WHOLE, "not JSON: line 1"},
};

static void what_is_wrong_is_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		struct handoff handoff;
		struct fail f = {0};
		if (parse(mistakes[i].text, &handoff, &f) == 0)
			fail_msg("%s was taken", mistakes[i].text);
		assert_int_equal(f.status, STATUS_UNACCEPTABLE);
		if (!text_starts_with(f.text, mistakes[i].said))
			fail_msg("%s: \"%s\" where \"%s\" was expected", mistakes[i].text, f.text,
				mistakes[i].said);
		assert_null(handoff.run_id);
	}
}

/* A key with a value of `count` times the string, behind a whole handoff. */
static int parse_long(const char *key, const char *string, size_t count, struct fail *f)
{
	struct text text = {0};
	struct handoff handoff;
	text_printf(&text, WHOLE ",\"%s\":\"", key);
	for (size_t i = 0; i < count; i++)
		text_add_string(&text, string);
	text_add_string(&text, "\"}");
	int result = parse(text_string(&text), &handoff, f);
	handoff_release(&handoff);
	text_release(&text);
	return result;
}

static void lengths_are_counted_in_characters(void **state)
{
	struct fail f = {0};
	(void)state;
	assert_int_equal(parse_long("description", "\xc3\xa4", 5000, &f), 0);
	assert_int_equal(parse_long("description", "\xc3\xa4", 5001, &f), -1);
	assert_string_equal(f.text, "description: longer than 5000 characters");
	assert_int_equal(parse_long("artifact_path", "a", 1025, &f), -1);
	assert_int_equal(parse_long("description", "a", HANDOFF_BYTES, &f), -1);
	assert_string_equal(f.text, "more than 4194304 bytes");
}

static void what_a_manifest_keeps_reads_back_the_same(void **state)
{
	struct handoff handoff, again;
	struct fail f = {0};
	struct text first = {0}, second = {0};
	(void)state;
	assert_int_equal(parse(WHOLE ",\"metrics\":{\"b\":0.1,\"a\":2},\"tags\":{\"t\":\"v\"},"
				     "\"params\":{\"p\":\"q\"},\"samples\":{\"train\":3},"
				     "\"description\":\"d\",\"files\":{\"f\":\"" SHA "\"},"
				     "\"requirements\":[\"r\"]}",
				 &handoff, &f),
		0);
	struct cJSON *json = handoff_to_json(&handoff, "model/saved_model");
	json_print(json, &first);
	json_release(json);
	assert_int_equal(handoff_parse(first.data, first.size, "", &again, &f), 0);
	assert_string_equal(again.saved_model, "model/saved_model");
	json = handoff_to_json(&again, again.saved_model);
	json_print(json, &second);
	json_release(json);
	assert_string_equal(first.data, second.data);
	assert_null(strstr(first.data, "/job"));
	text_release(&first);
	text_release(&second);
	handoff_release(&handoff);
	handoff_release(&again);
}

static void the_file_is_named_and_its_folder_counts(void **state)
{
	char folder[] = "/tmp/modelhook-handoff-XXXXXX";
	struct handoff handoff;
	struct fail f = {0};
	(void)state;
	assert_non_null(mkdtemp(folder));
	char *path = file_join(folder, "handoff.json"), *export = file_join(folder, "export");
	assert_int_equal(handoff_read(path, &handoff, &f), -1);
	assert_int_equal(f.status, STATUS_MISSING);
	assert_int_equal(file_store(path, WHOLE "}", strlen(WHOLE "}"), &f), 0);
	assert_int_equal(handoff_read(path, &handoff, &f), 0);
	assert_string_equal(handoff.saved_model, export);
	handoff_release(&handoff);
	assert_int_equal(file_store(path, WHOLE, strlen(WHOLE), &f), 0);
	assert_int_equal(handoff_read(path, &handoff, &f), -1);
	assert_non_null(strstr(f.text, path));
	assert_int_equal(f.status, STATUS_UNACCEPTABLE);
	unlink(path);
	rmdir(folder);
	free(path);
	free(export);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_small_handoff_has_its_defaults),
		cmocka_unit_test(everything_is_read_and_sorted),
		cmocka_unit_test(what_is_wrong_is_named),
		cmocka_unit_test(lengths_are_counted_in_characters),
		cmocka_unit_test(what_a_manifest_keeps_reads_back_the_same),
		cmocka_unit_test(the_file_is_named_and_its_folder_counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
