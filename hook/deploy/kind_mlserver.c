/* Seldon's MLServer with its MLflow runtime:
 *
 *   {"mlserver": {"url": "http://mlserver:8080", "model": "fish", "repository": "/models"}}
 *
 * With "repository" (the folder that MLServer was started with, mounted here) the model is
 * published as REPOSITORY/MODEL/NUMBER, and REPOSITORY/MODEL/model-settings.json is pointed at it:
 * its parameters.uri and parameters.version, which is the registry's number; what else stands there
 * stays. Without, somebody else does that, and "version" is what the settings will say.
 *
 * MLServer's repository index says what the settings on the disk say, READY for whatever is loaded:
 * it is never proof, and is not asked. What is asked is whether that very version of the model is
 * ready, which MLServer answers from what it has loaded. */
#include <stdlib.h>

#include "base/text.h"
#include "deploy/kinds.h"
#include "deploy/mlserver_settings.h"
#include "deploy/v2.h"
#include "http/response.h"
#include "http/url.h"

static const char *const keys[] = {"mlserver"};

static int parse(const struct json_at *entry, struct deploy_target *target, struct fail *f)
{
	return v2_parse(entry, "mlserver", target, f);
}

static int write_settings(void *context, int64_t number, struct fail *f)
{
	const struct v2_call *v2 = context;
	return mlserver_settings_point(v2->folder, v2->model, v2->version, number, f);
}

static int refuse_missing(
	const struct v2_call *v2, const struct http_response *response, struct fail *f)
{
	char line[160];
	service_says(response, line, sizeof(line));
	fail_set(f, STATUS_NOT_SERVED, "%s was loaded, but not as version %s: HTTP %ld%s%s",
		v2->model, v2->version, response->status, line[0] != '\0' ? ": " : "", line);
	return fail_hint(f,
		"parameters.version in model-settings.json says as which version MLServer "
		"loads the model");
}

static int read_back(struct v2_call *v2, struct text *did, struct fail *f)
{
	struct http_response response = {0};
	char *version = http_escape_query(v2->version);
	char *of_model = v2_path("/v2/models/{}/versions/", v2->model);
	char *path = text_format("%s%s/ready", of_model, version);
	int result = service_send(&v2->client, "GET", path, NULL, &response, f);
	if (result == 0 && (response.status == 400 || response.status == 404))
		result = refuse_missing(v2, &response, f);
	else if (result == 0)
		result = service_check(&v2->client, path, &response, f);
	if (result == 0)
		text_printf(did, "%sloaded %s, version %s is ready", did->size > 0 ? "; " : "",
			v2->model, v2->version);
	http_response_release(&response);
	free(path);
	free(of_model);
	free(version);
	return result;
}

static int load(struct v2_call *v2, struct text *did, struct fail *f)
{
	struct publish publish = {.files = PUBLISH_MODEL, .commit = write_settings, .context = v2};
	struct publish_end end;
	if (v2_publish(v2, &publish, &end, did, f) != 0)
		return -1;
	if (end.overtaken)
		return 0;
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

const struct deploy_kind deploy_kind_mlserver = {
	.key = "mlserver",
	.keys = keys,
	.key_count = sizeof(keys) / sizeof(keys[0]),
	.parse = parse,
	.reload = reload,
	.would = v2_would,
	.release = v2_release,
};
