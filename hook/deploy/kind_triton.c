/* NVIDIA's Triton Inference Server in explicit mode:
 *
 *   {"triton": {"url": "http://triton:8000", "model": "fish", "repository": "/models", "keep": 3}}
 *
 * With "repository" (the server's --model-repository, mounted here) the SavedModel is published as
 * REPOSITORY/MODEL/NUMBER/model.savedmodel (deploy/publish.h), and the number is what the server is
 * to have. Without, somebody else puts the files there, and "version" is what it is to have: the
 * registry's number unless it says otherwise. A 200 of the load does not mean that the new version
 * is served: the repository index is read, which says what is loaded. */
#include <stdlib.h>

#include "base/stop.h"
#include "deploy/kinds.h"
#include "deploy/server_versions.h"
#include "deploy/v2.h"
#include "http/response.h"

enum { POLL_MS = 250 };

static const char *const keys[] = {"triton"};

static int parse(const struct json_at *entry, struct deploy_target *target, struct fail *f)
{
	return v2_parse(entry, "triton", target, f);
}

static int read_index(struct v2_call *v2, struct server_versions *versions, struct fail *f)
{
	static const char path[] = "/v2/repository/index";
	struct http_response response = {0};
	int result = service_send(&v2->client, "POST", path, "{}", &response, f);
	if (result == 0)
		result = service_check(&v2->client, path, &response, f);
	if (result == 0)
		result = server_versions_triton(
			text_string(&response.body), response.body.size, v2->model, versions, f);
	http_response_release(&response);
	return result;
}

static int refuse_missing(
	const struct v2_call *v2, const struct server_versions *versions, struct fail *f)
{
	char *ready = server_versions_ready(versions);
	fail_set(f, STATUS_NOT_SERVED, "%s was loaded, but not as version %s; ready: %s", v2->model,
		v2->version, ready);
	free(ready);
	return fail_hint(f,
		"is that version in the server's repository, and does version_policy in "
		"config.pbtxt let it in?");
}

/* The load returned: what is not listed now will not come. */
static int look(struct v2_call *v2, bool *served, struct fail *f)
{
	struct server_versions versions = {0};
	bool listed = false;
	int result = read_index(v2, &versions, f);
	if (result == 0)
		result = server_versions_judge(&versions, v2->version, &listed, served, f);
	if (result == 0 && !listed)
		result = refuse_missing(v2, &versions, f);
	server_versions_release(&versions);
	return result;
}

static int read_back(struct v2_call *v2, struct text *did, struct fail *f)
{
	bool served = false;
	while (!served) {
		if (look(v2, &served, f) != 0)
			return -1;
		if (!served && stop_sleep(POLL_MS, f) != 0)
			return -1;
	}
	text_printf(did, "%sloaded %s, version %s is ready", did->size > 0 ? "; " : "", v2->model,
		v2->version);
	return 0;
}

static int load(struct v2_call *v2, struct text *did, struct fail *f)
{
	struct publish publish = {.files = PUBLISH_SAVED_MODEL, .below = "model.savedmodel"};
	struct publish_end end;
	if (v2_publish(v2, &publish, &end, did, f) != 0)
		return -1;
	if (end.overtaken)
		return 0;
	if (end.number != 0) {
		free(v2->version);
		v2->version = text_format("%lld", (long long)end.number);
	}
	return v2_load(v2, f) == 0 ? read_back(v2, did, f) : -1;
}

static int reload(const struct deploy_target *target, const struct deploy_call *call,
	struct text *did, struct fail *f)
{
	struct v2_call v2;
	int result = v2_begin(&v2, target, call, f);
	if (result == 0)
		result = load(&v2, did, f);
	v2_end(&v2);
	return result;
}

const struct deploy_kind deploy_kind_triton = {
	.key = "triton",
	.keys = keys,
	.key_count = sizeof(keys) / sizeof(keys[0]),
	.parse = parse,
	.reload = reload,
	.would = v2_would,
	.release = v2_release,
};
