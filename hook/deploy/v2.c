#include "deploy/v2.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/plain_path.h"
#include "deploy/keys.h"
#include "deploy/values.h"
#include "http/response.h"
#include "http/url.h"

static const char *const v2_keys[] = {"model", "version", "repository", "keep", SERVICE_KEYS};

int v2_parse(
	const struct json_at *entry, const char *key, struct deploy_target *target, struct fail *f)
{
	struct json_at object = json_get(entry, key);
	struct v2 *v2 = memory_get(1, sizeof(*v2));
	target->options = v2;
	if (json_known_keys(&object, v2_keys, sizeof(v2_keys) / sizeof(v2_keys[0]), f) != 0 ||
		deploy_key_string(&object, "model", "{name}", &v2->model, f) != 0 ||
		deploy_key_string(&object, "version", "{version}", &v2->version, f) != 0 ||
		deploy_key_path(&object, "repository", target->folder, false, &v2->repository, f) !=
			0 ||
		deploy_key_keep(&object, &v2->keep, f) != 0)
		return -1;
	struct json_at version = json_get(&object, "version");
	if (v2->repository != NULL && json_is_there(&version))
		return json_fail(
			&version, f, "is given by \"repository\": one of them is too much");
	return service_parse(&object, target->folder, &v2->service, f);
}

void v2_release(void *options)
{
	struct v2 *v2 = options;
	service_release(&v2->service);
	free(v2->model);
	free(v2->version);
	free(v2->repository);
	free(v2);
}

void v2_would(
	const struct deploy_target *target, const struct deploy_model *model, struct text *text)
{
	const struct v2 *v2 = target->options;
	char *url = deploy_fill_url(v2->service.url, model), *shown = http_url_show(url);
	char *name = deploy_fill(v2->model, model);
	if (v2->repository != NULL)
		text_printf(text, "publish version %lld in %s/%s and ", (long long)model->version,
			v2->repository, name);
	text_printf(text, "load %s in %s", name, shown);
	free(name);
	free(shown);
	free(url);
}

static int make_folder(struct v2_call *v2, struct fail *f)
{
	if (v2->v2->repository == NULL)
		return 0;
	if (plain_path_problem(v2->model) != NULL || strchr(v2->model, '/') != NULL)
		return fail_set(
			f, STATUS_CONFIGURATION, "%s: is no name for a directory", v2->model);
	v2->folder = file_join(v2->v2->repository, v2->model);
	return 0;
}

int v2_begin(struct v2_call *v2, const struct deploy_target *target, const struct deploy_call *call,
	struct fail *f)
{
	*v2 = (struct v2_call){.v2 = target->options, .call = call};
	v2->model = deploy_fill(v2->v2->model, call->model);
	v2->version = deploy_fill(v2->v2->version, call->model);
	if (make_folder(v2, f) != 0)
		return -1;
	return service_open(&v2->client, &v2->v2->service, call, f);
}

void v2_end(struct v2_call *v2)
{
	free(v2->model);
	free(v2->version);
	free(v2->folder);
	service_close(&v2->client);
}

int v2_publish(struct v2_call *v2, struct publish *publish, struct publish_end *end,
	struct text *did, struct fail *f)
{
	*end = (struct publish_end){0};
	if (v2->folder == NULL)
		return 0;
	publish->folder = v2->folder;
	publish->keep = v2->v2->keep;
	publish->deadline = v2->call->deadline;
	if (publish_version(publish, v2->call->model, end, f) != 0)
		return -1;
	publish_describe(publish, v2->call->model, end, did);
	return 0;
}

char *v2_path(const char *format, const char *model)
{
	struct placeholder list[] = {{"{}", http_escape_query(model)}, {NULL, NULL}};
	char *path = placeholder_fill(format, list);
	free((char *)list[0].value);
	return path;
}

int v2_load(struct v2_call *v2, struct fail *f)
{
	struct http_response response = {0};
	char *path = v2_path("/v2/repository/models/{}/load", v2->model);
	v2->client.loads = true;
	int result = service_send(&v2->client, "POST", path, "{}", &response, f);
	if (result == 0)
		result = service_check(&v2->client, path, &response, f);
	if (result != 0 && f->status == STATUS_NOT_SERVED)
		fail_hint(f, "the server's log says why it could not load the model");
	v2->client.loads = false;
	http_response_release(&response);
	free(path);
	return result;
}
