/* A directory that a model server polls, such as TensorFlow Serving's base path:
 *
 *   {"directory": {"path": "/models/fish", "keep": 3, "files": "saved_model",
 *                  "url": "http://tf-serving:8501/v1/models/fish"}}
 *
 * How it is published: deploy/publish.h. "files" is "saved_model" (what TensorFlow Serving reads)
 * or "model" (all files, for what loads it by MLflow). With "url" (and the other keys of
 * deploy/service.h) the server is asked until the new number is AVAILABLE; without, what it does is
 * not known here. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/stop.h"
#include "base/text.h"
#include "deploy/keys.h"
#include "deploy/kinds.h"
#include "deploy/publish.h"
#include "deploy/server_versions.h"
#include "deploy/service.h"
#include "http/response.h"

enum { POLL_MS = 250 };

static const char *const keys[] = {"directory"};
static const char *const directory_keys[] = {"path", "keep", "files", SERVICE_KEYS};

struct directory {
	char *path;
	int64_t keep;
	enum publish_files files;
	struct service service; /* its url NULL: nobody is asked */
};

static int parse_files(const struct json_at *object, enum publish_files *files, struct fail *f)
{
	struct json_at at = json_get(object, "files");
	char *word = NULL;
	*files = PUBLISH_SAVED_MODEL;
	if (!json_is_there(&at))
		return 0;
	if (json_string(&at, &word, f) != 0)
		return -1;
	bool all = text_equal(word, "model"), saved = text_equal(word, "saved_model");
	free(word);
	if (all)
		*files = PUBLISH_MODEL;
	return all || saved ? 0 : json_fail(&at, f, "is \"saved_model\" or \"model\"");
}

static bool names_a_service(const struct json_at *object)
{
	static const char *const service_keys[] = {SERVICE_KEYS};
	for (size_t i = 0; i < sizeof(service_keys) / sizeof(service_keys[0]); i++) {
		struct json_at at = json_get(object, service_keys[i]);
		if (json_is_there(&at))
			return true;
	}
	return false;
}

static int parse(const struct json_at *entry, struct deploy_target *target, struct fail *f)
{
	struct json_at object = json_get(entry, "directory");
	struct directory *directory = memory_get(1, sizeof(*directory));
	target->options = directory;
	if (json_known_keys(&object, directory_keys,
		    sizeof(directory_keys) / sizeof(directory_keys[0]), f) != 0 ||
		deploy_key_path(&object, "path", target->folder, true, &directory->path, f) != 0 ||
		deploy_key_keep(&object, &directory->keep, f) != 0 ||
		parse_files(&object, &directory->files, f) != 0)
		return -1;
	if (!names_a_service(&object))
		return 0;
	return service_parse(&object, target->folder, &directory->service, f);
}

/* What the server says of its versions; none where it has not seen the model yet. */
static int ask(struct service_client *client, struct server_versions *versions, struct fail *f)
{
	struct http_response response = {0};
	int result = service_send(client, "GET", "", NULL, &response, f);
	if (result == 0 && response.status != 404) {
		result = service_check(client, "", &response, f);
		if (result == 0)
			result = server_versions_tf_serving(
				text_string(&response.body), response.body.size, versions, f);
	}
	http_response_release(&response);
	return result;
}

/* One question: -1 only where asking again is no use; *seen is what is available. */
static int look(struct service_client *client, const char *number, bool *served, char **seen,
	struct fail *last, struct fail *f)
{
	struct server_versions versions = {0};
	bool listed;
	int result = ask(client, &versions, last);
	if (result == 0) {
		result = server_versions_judge(&versions, number, &listed, served, last);
		free(*seen);
		*seen = server_versions_ready(&versions);
	}
	server_versions_release(&versions);
	if (result == 0 || last->status == STATUS_LATER)
		return 0;
	*f = *last;
	return -1;
}

static int await(struct service_client *client, const char *number, char **seen, struct fail *f)
{
	struct fail last;
	bool served = false;
	fail_set(&last, STATUS_LATER, "no time is left to ask the server");
	for (;;) {
		if (look(client, number, &served, seen, &last, f) != 0)
			return -1;
		if (served)
			return 0;
		if (deadline_left(client->http.deadline) <= POLL_MS)
			break;
		if (stop_sleep(POLL_MS, f) != 0)
			return -1;
	}
	if (*seen != NULL)
		return fail_set(f, STATUS_NOT_SERVED,
			"number %s is not available in time; available: %s", number, *seen);
	*f = last;
	return -1;
}

static int await_server(const struct directory *directory, const struct deploy_call *call,
	int64_t number, struct text *did, struct fail *f)
{
	struct service_client client;
	char text[24], *seen = NULL;
	text_number(text, number);
	int result = service_open(&client, &directory->service, call, f);
	client.max_tries = 1;
	if (result == 0)
		result = await(&client, text, &seen, f);
	if (result == 0)
		text_add_string(did, ", available");
	free(seen);
	service_close(&client);
	return result;
}

static int reload(const struct deploy_target *target, const struct deploy_call *call,
	struct text *did, struct fail *f)
{
	const struct directory *directory = target->options;
	struct publish_end end;
	struct publish publish = {
		.folder = directory->path,
		.files = directory->files,
		.keep = directory->keep,
		.deadline = call->deadline,
	};
	if (publish_version(&publish, call->model, &end, f) != 0)
		return -1;
	publish_describe(&publish, call->model, &end, did);
	if (directory->service.url == NULL || end.overtaken)
		return 0;
	return await_server(directory, call, end.number, did, f);
}

static void would(
	const struct deploy_target *target, const struct deploy_model *model, struct text *text)
{
	const struct directory *directory = target->options;
	text_printf(text, "publish version %lld in %s", (long long)model->version, directory->path);
}

static void release(void *options)
{
	struct directory *directory = options;
	free(directory->path);
	service_release(&directory->service);
	free(directory);
}

const struct deploy_kind deploy_kind_directory = {
	.key = "directory",
	.keys = keys,
	.key_count = sizeof(keys) / sizeof(keys[0]),
	.parse = parse,
	.reload = reload,
	.would = would,
	.release = release,
};
