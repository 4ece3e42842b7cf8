/* Tests of the endpoints: what an answer means, what is sent, what a plan holds. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/console.h"
#include "base/fail.h"
#include "base/text.h"
#include "http/http.h"
#include "http/login.h"
#include "http/options.h"
#include "http/plan.h"
#include "http/types.h"
#include "mlflow/credentials.h"
#include "mlflow/logged_models.h"
#include "mlflow/mlflow.h"
#include "mlflow/models.h"
#include "mlflow/runs.h"
#include "mlflow/server.h"
#include "mlflow/types.h"
#include "mlflow/versions.h"
#include "scripted.h"
#include "store/options.h"
#include "store/store.h"
#include "stores/open.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define RESPONSE_MAX 16

static struct http_options options;
static const struct store_options store_options;
static const struct store_reach reach = {&options, &store_options, {0}};
static struct credentials credentials;
static struct http_login login;
static struct scripted server;
static struct reply replies[RESPONSE_MAX];
static char *wires[RESPONSE_MAX];
static struct http http;
static struct plan plan;
static struct mlflow mlflow;
static struct fail f;
static char base[64];

/* The replies to come: status, type, body. */
static void reply(int status, const char *type, const char *body)
{
	size_t i = 0;
	while (wires[i] != NULL)
		i++;
	wires[i] = text_format("HTTP/1.1 %d X\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n%s",
		status, type, strlen(body), body);
	replies[i] = (struct reply){wires[i], KEEP, 0};
	server.count = i + 1;
}

static void json(int status, const char *body)
{
	reply(status, "application/json", body);
}

static int set_up(void **state)
{
	(void)state;
	options = (struct http_options){.timeout_ms = 5000, .follow_redirects = true};
	scripted_start(&server, replies, 0);
	snprintf(base, sizeof(base), "http://127.0.0.1:%d", server.port);
	credentials = (struct credentials){.kind = "none"};
	login = credentials_login(&credentials);
	if (http_open(&http, &options, &login, (struct deadline){0}, &f) != 0)
		return -1;
	mlflow = (struct mlflow){.http = &http, .base = base, .artifacts = &store_options};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	http_release(&http);
	scripted_stop(&server);
	text_release(&plan.calls);
	plan = (struct plan){0};
	for (size_t i = 0; i < RESPONSE_MAX; i++) {
		free(wires[i]);
		wires[i] = NULL;
	}
	return 0;
}

static bool asked(size_t i, const char *what)
{
	return i < server.seen && strstr(server.heads[i], what) != NULL;
}

#define HTML_404 "<!doctype html><title>404 Not Found</title>"
#define NOT_THERE "{\"error_code\":\"RESOURCE_DOES_NOT_EXIST\",\"message\":\"no such thing\"}"

static const struct {
	int status;
	const char *type;
	const char *body;
	enum status wanted;
	const char *text;
	const char *hint;
} refusals[] = {
	{401, "text/html", "You are not authenticated", STATUS_DENIED, "401",
		"MLFLOW_TRACKING_USERNAME"},
	{403, "text/plain", "Permission denied", STATUS_DENIED, "Permission denied",
		"MLFLOW_TRACKING_TOKEN"},
	{403, "text/plain", "Invalid Host header - possible DNS rebinding attack detected",
		STATUS_DENIED, "Invalid Host", "--allowed-hosts"},
	{404, "text/html", HTML_404, STATUS_NOT_A_REGISTRY, "404", "prefix"},
	{200, "text/html", "<html>login</html>", STATUS_NOT_A_REGISTRY, "text/html", "login page"},
	{200, "application/json", "[1]", STATUS_NOT_A_REGISTRY, "", ""},
	{200, "application/json", "{\"registered_model\":3}", STATUS_NOT_A_REGISTRY,
		"registered_model", ""},
	{200, "application/json", "{}", STATUS_NOT_A_REGISTRY, "missing", ""},
	{200, "application/json", "{\"registered_model\":", STATUS_NOT_A_REGISTRY, "not JSON", ""},
	{400, "application/json", "{\"error_code\":\"INVALID_PARAMETER_VALUE\"}", STATUS_REFUSED,
		"INVALID_PARAMETER_VALUE", ""},
	{413, "text/html", "<html>", STATUS_REFUSED, "413", "proxy"},
	{500, "application/json", "{\"error_code\":\"FEATURE_DISABLED\"}", STATUS_REFUSED,
		"FEATURE_DISABLED", ""},
	{501, "application/json", "{\"error_code\":\"NOT_IMPLEMENTED\"}", STATUS_REFUSED,
		"NOT_IMPLEMENTED", ""},
	{503, "application/json", "{\"detail\":\"Artifact serving is disabled\"}", STATUS_REFUSED,
		"serving is disabled", "--artifacts-destination"},
	{503, "text/html",
		"Endpoint: /api disabled due to the mlflow server running without "
		"`--serve-artifacts`.",
		STATUS_REFUSED, "without `--serve-artifacts`", "--artifacts-destination"},
	{503, "application/json", "{\"error_code\":\"TEMPORARILY_UNAVAILABLE\"}", STATUS_LATER,
		"TEMPORARILY_UNAVAILABLE", ""},
	{500, "text/html", "<html>", STATUS_LATER, "500", ""},
	{520, "text/html", "<html>", STATUS_LATER, "520", ""},
	{429, "text/plain", "slow down", STATUS_LATER, "slow down", ""},
	{409, "application/json", "{\"error_code\":\"ABORTED\"}", STATUS_LATER, "ABORTED", ""},
	{400, "application/json", "{\"error_code\":\"X\",\"message\":\"\\u001b[2Jgone\"}",
		STATUS_REFUSED, "\\x1b[2Jgone", ""},
};

static void each_refusal_has_its_status_and_its_hint(void **state)
{
	for (size_t i = 0; i < COUNT(refusals); i++) {
		struct registered_model model;
		bool found;
		set_up(state);
		reply(refusals[i].status, refusals[i].type, refusals[i].body);
		assert_int_equal(mlflow_get_model(&mlflow, "m", &model, &found, &f), -1);
		assert_int_equal(f.status, refusals[i].wanted);
		assert_non_null(strstr(f.text, refusals[i].text));
		assert_non_null(strstr(f.hint, refusals[i].hint));
		assert_int_equal(server.seen, 1);
		registered_model_release(&model);
		tear_down(state);
	}
	set_up(state);
}

static void what_is_not_there_is_an_answer(void **state)
{
	struct registered_model model;
	struct version version;
	struct run run;
	bool found = true;
	(void)state;
	json(404, NOT_THERE);
	json(404, NOT_THERE);
	json(404, NOT_THERE);
	assert_int_equal(mlflow_get_model(&mlflow, "a b", &model, &found, &f), 0);
	assert_false(found);
	assert_int_equal(mlflow_get_version(&mlflow, "m", 3, &version, &found, &f), 0);
	assert_false(found);
	assert_int_equal(mlflow_get_run(&mlflow, "r", &run, &found, &f), 0);
	assert_false(found);
	assert_true(asked(0, "GET /api/2.0/mlflow/registered-models/get?name=a%20b "));
	assert_true(asked(1, "model-versions/get?name=m&version=3 "));
}

static void a_server_is_greeted_by_version_or_by_its_api(void **state)
{
	char *version;
	int64_t skew;
	(void)state;
	reply(200, "text/html", "2.22.5\n");
	assert_int_equal(mlflow_greet(&mlflow, &version, &skew, &f), 0);
	assert_string_equal(version, "2.22.5");
	free(version);
	reply(404, "text/html", HTML_404);
	json(200, "{}");
	assert_int_equal(mlflow_greet(&mlflow, &version, &skew, &f), 0);
	assert_string_equal(version, "");
	free(version);
	reply(200, "text/html", "<html>welcome</html>");
	reply(200, "text/html", "<html>welcome</html>");
	assert_int_equal(mlflow_greet(&mlflow, &version, &skew, &f), -1);
	assert_int_equal(f.status, STATUS_NOT_A_REGISTRY);
	assert_null(version);
}

static void versions_come_sorted_from_all_pages_each_once(void **state)
{
	struct versions versions;
	(void)state;
	json(200, "{\"model_versions\":[{\"version\":\"3\",\"current_stage\":\"Production\"},"
		  "{\"version\":\"10\"}],\"next_page_token\":\"a=b\"}");
	json(200, "{\"model_versions\":[{\"version\":\"2\",\"tags\":[{\"key\":\"k\",\"value\":"
		  "\"v\"}]},{\"version\":\"3\"}],\"unknown\":{}}");
	assert_int_equal(mlflow_list_versions(&mlflow, "it's", &versions, &f), 0);
	assert_int_equal(versions.count, 3);
	assert_int_equal(versions.items[0].number, 2);
	assert_string_equal(
		tag_value(versions.items[0].tags, versions.items[0].tag_count, "k"), "v");
	assert_int_equal(versions.items[1].number, 3);
	assert_int_equal(versions.items[2].number, 10);
	assert_true(asked(0, "filter=name%3D%22it%27s%22&"));
	assert_true(asked(1, "&page_token=a%3Db "));
	versions_release(&versions);
	json(200, "{\"next_page_token\":\"same\"}");
	json(200, "{\"next_page_token\":\"same\"}");
	assert_int_equal(mlflow_list_versions(&mlflow, "m", &versions, &f), -1);
	assert_int_equal(f.status, STATUS_NOT_A_REGISTRY);
	assert_int_equal(mlflow_list_versions(&mlflow, "'\"", &versions, &f), -1);
	assert_int_equal(f.status, STATUS_REFUSED);
}

static void a_model_that_exists_is_created(void **state)
{
	(void)state;
	json(400, "{\"error_code\":\"RESOURCE_ALREADY_EXISTS\",\"message\":\"exists\"}");
	assert_int_equal(mlflow_create_model(&mlflow, "m", &f), 0);
	json(400, "{\"error_code\":\"INVALID_PARAMETER_VALUE\",\"message\":\"bad\"}");
	assert_int_equal(mlflow_create_model(&mlflow, "m", &f), -1);
}

static void a_lost_or_unreadable_answer_to_a_create_is_unknown(void **state)
{
	struct version_request request = {.model = "m", .source = "s"};
	struct version version;
	bool unknown;
	(void)state;
	options.max_retries = 5;
	reply(200, "application/json", "{}");
	assert_int_equal(mlflow_create_version(&mlflow, &request, &version, &unknown, &f), -1);
	assert_true(unknown);
	reply(502, "text/html", "<html>");
	assert_int_equal(mlflow_create_version(&mlflow, &request, &version, &unknown, &f), -1);
	assert_true(unknown);
	assert_int_equal(f.status, STATUS_LATER);
	json(400, "{\"error_code\":\"INVALID_PARAMETER_VALUE\"}");
	assert_int_equal(mlflow_create_version(&mlflow, &request, &version, &unknown, &f), -1);
	assert_false(unknown);
	assert_int_equal(server.seen, 3);
}

static void stages_and_aliases_may_be_unsupported(void **state)
{
	bool supported;
	(void)state;
	reply(404, "text/html", HTML_404);
	assert_int_equal(mlflow_transition(&mlflow, "m", 1, "Production", true, &supported, &f), 0);
	assert_false(supported);
	json(404, "{\"error_code\":\"ENDPOINT_NOT_FOUND\"}");
	assert_int_equal(mlflow_set_alias(&mlflow, "m", "a", 1, &supported, &f), 0);
	assert_false(supported);
	json(404, NOT_THERE);
	assert_int_equal(
		mlflow_transition(&mlflow, "m", 1, "Production", true, &supported, &f), -1);
	assert_true(supported);
	reply(404, "text/html", HTML_404);
	assert_int_equal(mlflow_has_aliases(&mlflow, "m", &supported, &f), 0);
	assert_false(supported);
	json(400, "{\"error_code\":\"INVALID_PARAMETER_VALUE\"}");
	assert_int_equal(mlflow_has_aliases(&mlflow, "m", &supported, &f), 0);
	assert_true(supported);
	reply(401, "text/html", "You are not authenticated");
	assert_int_equal(mlflow_has_aliases(&mlflow, "m", &supported, &f), -1);
}

static void two_that_set_an_alias_first_both_succeed(void **state)
{
	bool supported;
	(void)state;
	json(400, "{\"error_code\":\"BAD_REQUEST\",\"message\":\"(psycopg2.errors.UniqueViolation) "
		  "duplicate key\"}");
	json(200, "{}");
	assert_int_equal(mlflow_set_alias(&mlflow, "m", "production", 1, &supported, &f), 0);
	assert_true(supported);
	assert_int_equal(server.seen, 2);
}

static void two_that_set_a_tag_first_both_succeed(void **state)
{
	(void)state;
	json(400, "{\"error_code\":\"BAD_REQUEST\",\"message\":\"(sqlite3.IntegrityError) UNIQUE "
		  "constraint failed: model_version_tags.key\"}");
	json(200, "{}");
	assert_int_equal(mlflow_set_version_tag(&mlflow, "m", 1, "k", "v", &f), 0);
	assert_int_equal(server.seen, 2);
	json(400, "{\"error_code\":\"BAD_REQUEST\",\"message\":\"(sqlite3.IntegrityError) FOREIGN "
		  "KEY constraint failed\"}");
	assert_int_equal(mlflow_set_version_tag(&mlflow, "m", 1, "k", "v", &f), -1);
	assert_int_equal(f.status, STATUS_REFUSED);
	assert_int_equal(server.seen, 3);
}

static void what_is_gone_already_is_deleted(void **state)
{
	(void)state;
	json(404, NOT_THERE);
	assert_int_equal(mlflow_delete_version(&mlflow, "m", 1, &f), 0);
	json(404, NOT_THERE);
	assert_int_equal(mlflow_delete_version_tag(&mlflow, "m", 1, "k", &f), 0);
	reply(404, "text/html", HTML_404);
	assert_int_equal(mlflow_delete_version(&mlflow, "m", 1, &f), -1);
}

static void logged_models_are_ours_and_newest_first(void **state)
{
	struct logged_models models;
	(void)state;
	json(200,
		"{\"models\":[{\"info\":{\"model_id\":\"m-1\",\"name\":\"model\",\"source_run_id\":"
		"\"r\",\"creation_timestamp_ms\":1}},{\"info\":{\"model_id\":\"m-2\",\"name\":"
		"\"model\",\"source_run_id\":\"other\",\"creation_timestamp_ms\":9}},{\"info\":{"
		"\"model_id\":\"m-3\",\"name\":\"model\",\"source_run_id\":\"r\","
		"\"creation_timestamp_ms\":\"5\"}}]}");
	assert_int_equal(mlflow_search_logged_models(&mlflow, "1", "model", "r", &models, &f), 0);
	assert_int_equal(models.count, 2);
	assert_string_equal(models.items[0].id, "m-3");
	logged_models_release(&models);
	reply(404, "text/html", HTML_404);
	assert_int_equal(mlflow_search_logged_models(&mlflow, "1", "model", "r", &models, &f), 0);
	assert_int_equal(models.count, 0);
}

static int put(struct store *store, const char *path, const struct http_body *body)
{
	struct store_content content = {.path = path, .size = body->size};
	bool verified;
	return store_put(store, &content, body, &verified, &f);
}

static void a_plan_holds_the_writes_and_sends_none(void **state)
{
	static char key[] = "k", value[] = "v", loss[] = "loss";
	struct pair tag = {key, value};
	struct version_request request = {
		.model = "m\n2", .source = "s", .run_id = "r", .tags = &tag, .tag_count = 1};
	struct metric metric = {loss, NAN};
	struct store store;
	struct http_body body = {.bytes = "x", .size = 1};
	struct version version;
	bool unknown, supported;
	(void)state;
	mlflow.plan = &plan;
	assert_int_equal(mlflow_create_version(&mlflow, &request, &version, &unknown, &f), 0);
	assert_int_equal(version.number, 0);
	assert_string_equal(version.status, "READY");
	version_release(&version);
	assert_int_equal(mlflow_set_alias(&mlflow, "m", "production", 7, &supported, &f), 0);
	assert_true(supported);
	assert_int_equal(mlflow_log_metrics(&mlflow, "r", &metric, 1, 1000, &f), 0);
	assert_int_equal(
		store_open(&store, &mlflow, NULL, "mlflow-artifacts:/1/r/artifacts", &f), 0);
	assert_int_equal(put(&store, "model/MLmodel", &body), 0);
	store_release(&store);
	assert_string_equal(plan.calls.data,
		"POST model-versions/create {\"name\":\"m\\n2\",\"run_id\":\"r\",\"source\":\"s\","
		"\"tags\":[{\"key\":\"k\",\"value\":\"v\"}]}\n"
		"POST registered-models/alias "
		"{\"alias\":\"production\",\"name\":\"m\",\"version\":\"7\"}\n"
		"POST runs/log-batch {\"metrics\":[{\"key\":\"loss\",\"step\":0,\"timestamp\":1000,"
		"\"value\":\"NaN\"}],\"run_id\":\"r\"}\n"
		"PUT mlflow-artifacts/artifacts/1/r/artifacts/model/MLmodel (1 bytes)\n");
	assert_int_equal(plan.count, 4);
	assert_int_equal(server.seen, 0);
}

static void a_workspace_goes_along_only_where_it_is_set(void **state)
{
	struct registered_models models;
	(void)state;
	json(200, "{}");
	assert_int_equal(mlflow_search_models(&mlflow, &models, &f), 0);
	mlflow.workspace = "team-a";
	json(200, "{\"registered_models\":[{\"name\":\"b\"},{\"name\":\"a\"},{\"name\":\"p\","
		  "\"tags\":[{\"key\":\"mlflow.prompt.is_prompt\",\"value\":\"true\"}]}]}");
	assert_int_equal(mlflow_search_models(&mlflow, &models, &f), 0);
	assert_int_equal(models.count, 2);
	assert_string_equal(models.items[0].name, "a");
	registered_models_release(&models);
	assert_false(asked(0, "WORKSPACE"));
	assert_true(asked(1, "X-MLFLOW-WORKSPACE: team-a\r\n"));
	mlflow.workspace = "x\r\nX-Admin: 1";
	assert_int_equal(mlflow_search_models(&mlflow, &models, &f), -1);
	assert_int_equal(f.status, STATUS_CONFIGURATION);
}

static void a_store_is_opened_only_where_our_credentials_belong(void **state)
{
	char same[100], url[160];
	struct store store;
	(void)state;
	snprintf(same, sizeof(same), "mlflow-artifacts://127.0.0.1:%d/1/r", server.port);
	snprintf(url, sizeof(url), "%s/api/2.0/mlflow-artifacts/artifacts/1/r/", base);
	const char *const good[] = {"mlflow-artifacts:/1/r", "mlflow-artifacts:///1/r/", same, url};
	const char *const bad[] = {"mlflow-artifacts://other:1/1/r", "http://other/api/2.0/1/r",
		"ftp://host/x", "mlruns/1", "file", "file:x", "file://host/x", "file:///x?y",
		"file:///%0", "file:///%00", "dbfs:/x", base, ""};
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_int_equal(store_open(&store, &mlflow, NULL, good[i], &f), 0);
		assert_true(text_ends_with(store.root, "/api/2.0/mlflow-artifacts/artifacts/1/r"));
		store_release(&store);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(store_open(&store, &mlflow, NULL, bad[i], &f), -1);
		assert_int_equal(f.status, STATUS_CONFIGURATION);
		store_release(&store);
	}
}

static void a_folder_is_opened_by_its_path_or_its_url(void **state)
{
	static const struct {
		const char *uri, *root;
	} rows[] = {
		{"/mnt/models/1", "/mnt/models/1"},
		{"/mnt/100%/", "/mnt/100%"},
		{"file:///mnt/a%20b/", "/mnt/a b"},
		{"file:/mnt", "/mnt"},
		{"file://localhost/mnt", "/mnt"},
		{"file:///", ""},
		{"/", ""},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct store store;
		assert_int_equal(store_open_apart(&store, &reach, rows[i].uri, &f), 0);
		assert_string_equal(store.root, rows[i].root);
		store_release(&store);
	}
}

#define RUN "0123456789abcdef0123456789abcdef"

static void a_server_s_folder_has_to_be_there_from_its_root_on(void **state)
{
	static const struct {
		const char *uri, *missing;
	} rows[] = {
		{"/tmp/7/" RUN "/artifacts/model", NULL},
		{"/tmp/7/models/m-" RUN "/artifacts", NULL},
		{"/tmp/7", NULL},
		{"/" RUN "/artifacts", NULL},
		{"/nowhere/7/" RUN "/artifacts", "no folder /nowhere"},
		{"file:///nowhere/7/models/m-" RUN "/artifacts/a", "no folder /nowhere"},
		{"/nowhere/fish/" RUN "/artifacts", "no folder /nowhere/fish"},
		{"/nowhere/artifacts/7", "no folder /nowhere/artifacts"},
		{"/tmp/nowhere", "no folder /tmp/nowhere"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct store store;
		int result = store_open_location(&store, &mlflow, NULL, rows[i].uri, &f);
		store_release(&store);
		assert_int_equal(result, rows[i].missing == NULL ? 0 : -1);
		if (rows[i].missing != NULL) {
			assert_int_equal(f.status, STATUS_CONFIGURATION);
			assert_true(text_ends_with(f.text, rows[i].missing));
		}
	}
}

static void a_name_that_could_lead_elsewhere_is_not_plain(void **state)
{
	static const char *const plain[] = {"a", "a/b", "...", "a/..b", "a/b..", ".a/.b"};
	static const char *const bad[] = {
		"", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/..", "a/./b", "./a"};
	(void)state;
	for (size_t i = 0; i < COUNT(plain); i++)
		assert_true(store_path_is_plain(plain[i]));
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(store_path_is_plain(bad[i]));
}

static void open_store(struct store *store)
{
	assert_int_equal(
		store_open(store, &mlflow, NULL, "mlflow-artifacts:/1/r/artifacts", &f), 0);
}

static void a_store_lists_folders_within_folders(void **state)
{
	struct store store;
	struct store_listing listing;
	(void)state;
	open_store(&store);
	json(200, "{\"files\":[{\"path\":\"data\",\"is_dir\":true},{\"path\":\"MLmodel\","
		  "\"is_dir\":false,\"file_size\":7}]}");
	json(200, "{\"files\":[{\"path\":\"w\",\"file_size\":\"9\"}]}");
	assert_int_equal(store_list(&store, "my model", &listing, &f), 0);
	assert_int_equal(listing.count, 2);
	assert_string_equal(listing.objects[0].path, "MLmodel");
	assert_string_equal(listing.objects[1].path, "data/w");
	assert_int_equal(listing.objects[1].size, 9);
	assert_true(asked(1, "artifacts?path=1/r/artifacts/my%20model/data "));
	store_listing_release(&listing);
	json(200, "{\"files\":[{\"path\":\"../../etc\",\"is_dir\":true}]}");
	assert_int_equal(store_list(&store, "m", &listing, &f), -1);
	assert_int_equal(f.status, STATUS_NOT_A_REGISTRY);
	store_release(&store);
}

static void a_missing_artifact_is_told_from_a_broken_store(void **state)
{
	struct store store;
	char sha256[65];
	uint64_t size;
	bool found;
	(void)state;
	options.max_retries = 2;
	open_store(&store);
	json(404, NOT_THERE);
	assert_int_equal(store_get_digest(&store, "m/x", sha256, &size, &found, &f), 0);
	assert_false(found);
	reply(500, "text/html", "<html>");
	json(200, "{}");
	assert_int_equal(store_get_digest(&store, "m/x", sha256, &size, &found, &f), 0);
	assert_false(found);
	reply(500, "text/html", "<html>");
	json(200, "{\"files\":[{\"path\":\"x\",\"file_size\":3}]}");
	reply(500, "text/html", "<html>");
	reply(200, "text/html", "abc");
	assert_int_equal(store_get_digest(&store, "m/x", sha256, &size, &found, &f), 0);
	assert_true(found);
	assert_int_equal(size, 3);
	assert_string_equal(
		sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	store_release(&store);
}

static void names_the_proxy_cannot_keep_are_refused(void **state)
{
	static const char *const names[] = {
		"", "/a", "a//b", "a#b", "a%2fb", "../a", "a/..", "a/../b", "a\nb"};
	struct store store;
	struct http_body body = {.bytes = "x", .size = 1};
	(void)state;
	open_store(&store);
	for (size_t i = 0; i < COUNT(names); i++) {
		assert_int_equal(put(&store, names[i], &body), -1);
		assert_int_equal(f.status, STATUS_UNACCEPTABLE);
	}
	assert_int_equal(server.seen, 0);
	reply(200, "text/html", "<html>log in</html>");
	assert_int_equal(put(&store, "a..b/100%/..c", &body), -1);
	assert_int_equal(f.status, STATUS_NOT_A_REGISTRY);
	reply(200, "text/html", "");
	assert_int_equal(put(&store, "a..b/100%/..c", &body), 0);
	assert_true(
		asked(1, "PUT /api/2.0/mlflow-artifacts/artifacts/1/r/artifacts/a..b/100%25/..c "));
	store_release(&store);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	console_set_quiet(true);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(each_refusal_has_its_status_and_its_hint, tear_down),
		TEST(what_is_not_there_is_an_answer),
		TEST(a_server_is_greeted_by_version_or_by_its_api),
		TEST(versions_come_sorted_from_all_pages_each_once),
		TEST(a_model_that_exists_is_created),
		TEST(a_lost_or_unreadable_answer_to_a_create_is_unknown),
		TEST(stages_and_aliases_may_be_unsupported),
		TEST(two_that_set_an_alias_first_both_succeed),
		TEST(two_that_set_a_tag_first_both_succeed),
		TEST(what_is_gone_already_is_deleted),
		TEST(logged_models_are_ours_and_newest_first),
		TEST(a_plan_holds_the_writes_and_sends_none),
		TEST(a_workspace_goes_along_only_where_it_is_set),
		TEST(a_store_is_opened_only_where_our_credentials_belong),
		TEST(a_folder_is_opened_by_its_path_or_its_url),
		TEST(a_server_s_folder_has_to_be_there_from_its_root_on),
		TEST(a_name_that_could_lead_elsewhere_is_not_plain),
		TEST(a_store_lists_folders_within_folders),
		TEST(a_missing_artifact_is_told_from_a_broken_store),
		TEST(names_the_proxy_cannot_keep_are_refused),
	};
	return cmocka_run_group_tests_name("mlflow", tests, NULL, NULL);
}
