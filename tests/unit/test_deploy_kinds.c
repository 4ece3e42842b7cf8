#include "unit.h"

#include "base/clock.h"
#include "deploy/deploy.h"
#include "deploy/kind.h"
#include "deploy/parse.h"
#include "packaging/json/json.h"

static int parse(const char *text, struct deploy_target **targets, size_t *count, struct fail *f)
{
	struct cJSON *tree = NULL;
	*targets = NULL;
	*count = 0;
	if (json_parse(text, strlen(text), &tree, f) != 0)
		fail_msg("%s: %s", text, f->text);
	struct json_at root = json_root(tree);
	struct json_at list = json_get(&root, "deploy");
	int result = deploy_parse(&list, "/job", targets, count, f);
	json_release(tree);
	return result;
}

#define ENTRY(entry) "{\"deploy\": [" entry "]}"

/* What --plan says of an entry. */
static void each_kind_says_what_it_would_do(void **state)
{
	static const struct {
		const char *entry, *would;
	} rows[] = {
		{ENTRY("{\"webhook\": {\"url\": \"http://10.0.0.1:8080/hooks/{name}?key=abc\"}}"),
			"call the webhook http://10.0.0.1:8080/hooks/a%20fish"},
		{ENTRY("{\"directory\": {\"path\": \"models\"}}"),
			"publish version 7 in /job/models"},
		{ENTRY("{\"directory\": {\"path\": \"/srv/fish\", \"keep\": 5, \"files\": "
		       "\"model\", \"url\": \"http://tf:8501/v1/models/fish\", "
		       "\"secret_variable\": "
		       "\"TOKEN\", \"headers\": {\"X-Token\": \"{secret}\"}}}"),
			"publish version 7 in /srv/fish"},
		{ENTRY("{\"triton\": {\"url\": \"http://triton:8000/\"}}"),
			"load a fish in http://triton:8000/"},
		{ENTRY("{\"triton\": {\"url\": \"http://triton:8000\", \"model\": \"fish\", "
		       "\"repository\": \"/models\"}, \"timeout\": \"1m\", \"name\": \"gpu\"}"),
			"publish version 7 in /models/fish and load fish in http://triton:8000"},
		{ENTRY("{\"mlserver\": {\"url\": \"https://ml:8080\", \"model\": "
		       "\"fish-{version}\","
		       " \"version\": \"v{version}\", \"ca_file\": \"ca.pem\"}}"),
			"load fish-7 in https://ml:8080"},
	};
	struct deploy_model model = {.name = "a fish", .version = 7};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct deploy_target *targets;
		struct text text = {0};
		struct fail f = {0};
		size_t count;
		if (parse(rows[i].entry, &targets, &count, &f) != 0)
			fail_msg("%s: %s", rows[i].entry, f.text);
		targets[0].kind->would(&targets[0], &model, &text);
		assert_string_equal(text.data, rows[i].would);
		text_release(&text);
		deploy_targets_release(targets, count);
	}
}

static void a_wrong_entry_is_refused_by_its_key(void **state)
{
	static const struct {
		const char *entry, *message;
	} rows[] = {
		{ENTRY("{\"webhook\": {}}"), "deploy[0].webhook.url"},
		{ENTRY("{\"webhook\": \"http://a\"}"), "deploy[0].webhook"},
		{ENTRY("{\"webhook\": {\"url\": \"ftp://a/\"}}"), "webhook.url: is a URL such as"},
		{ENTRY("{\"webhook\": {\"url\": \"http://me:secret@a/\"}}"), "without a user"},
		{ENTRY("{\"webhook\": {\"url\": \"http://a/\", \"secret\": \"abc\"}}"), "secret"},
		{ENTRY("{\"webhook\": {\"url\": \"http://a/\", \"secret_file\": \"a\", "
		       "\"secret_variable\": \"B\"}}"),
			"cannot both be set"},
		{ENTRY("{\"webhook\": {\"url\": \"http://a/\", \"headers\": {\"A b\": \"c\"}}}"),
			"headers.A b"},
		{ENTRY("{\"webhook\": {\"url\": \"http://a/\", \"headers\": {\"A\": "
		       "\"b\\r\\nC: d\"}}}"),
			"headers.A"},
		{ENTRY("{\"directory\": {}}"), "directory.path"},
		{ENTRY("{\"directory\": {\"path\": \"\"}}"), "directory.path: is empty"},
		{ENTRY("{\"directory\": {\"path\": \"a\", \"keep\": 1}}"), "directory.keep"},
		{ENTRY("{\"directory\": {\"path\": \"a\", \"files\": \"some\"}}"),
			"is \"saved_model\" or \"model\""},
		{ENTRY("{\"directory\": {\"path\": \"a\", \"ca_file\": \"b\"}}"), "directory.url"},
		{ENTRY("{\"triton\": {\"model\": \"fish\"}}"), "triton.url"},
		{ENTRY("{\"triton\": {\"url\": \"http://a\", \"version\": \"1\", \"repository\": "
		       "\"/m\"}}"),
			"is given by \"repository\""},
		{ENTRY("{\"mlserver\": {\"url\": \"http://a\", \"model\": \"\"}}"),
			"mlserver.model: is empty"},
		{ENTRY("{\"mlserver\": {\"url\": \"http://a\"}}, {\"mlserver\": {\"url\": "
		       "\"http://b\"}}"),
			"has the name of another"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct deploy_target *targets;
		struct fail f = {0};
		size_t count;
		if (parse(rows[i].entry, &targets, &count, &f) == 0)
			fail_msg("%s", rows[i].entry);
		assert_int_equal(f.status, STATUS_UNACCEPTABLE);
		assert_contains(f.text, rows[i].message);
		assert_lacks(f.text, "me:secret");
	}
}

/* A model's name becomes a directory below the repository, and no other place. */
static void a_model_name_that_leads_elsewhere_is_refused(void **state)
{
	static const char *const names[] = {"../fish", "a/b", "..", "."};
	struct http_options http = {0};
	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct deploy_target *targets;
		struct deploy_model model = {.name = names[i], .version = 7};
		struct deploy_call call = {.model = &model, .http = &http, .deadline = {0}};
		struct text did = {0};
		struct fail f = {0};
		size_t count;
		assert_int_equal(parse(ENTRY("{\"triton\": {\"url\": \"http://a\", \"repository\": "
					     "\"/no\"}}"),
					 &targets, &count, &f),
			0);
		assert_failure(deploy_reload(&targets[0], &call, &did, &f), f, STATUS_NOT_SERVED,
			"is no name for a directory");
		deploy_targets_release(targets, count);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_says_what_it_would_do),
		cmocka_unit_test(a_wrong_entry_is_refused_by_its_key),
		cmocka_unit_test(a_model_name_that_leads_elsewhere_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
