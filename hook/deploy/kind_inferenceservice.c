/* Another model for a KServe InferenceService:
 *
 *   {"inferenceservice": {"namespace": "ml-inference", "name": "fish",
 *                         "storage_uri": "s3://models/fish/{version}"}, "timeout": "10m"}
 *
 * The placeholders of deploy/values.h stand in "storage_uri", which is "{source}" where it is not
 * given. KServe reloads nothing where the URI stays the same, so it must name the version. */
#include <stdlib.h>

#include "base/fail.h"
#include "base/text.h"
#include "deploy/cluster.h"
#include "deploy/kinds.h"
#include "deploy/storage_uri.h"
#include "kubernetes/controllers.h"
#include "kubernetes/object.h"

static const char *const keys[] = {"inferenceservice"};

static int parse(const struct json_at *entry, struct deploy_target *target, struct fail *f)
{
	static const char *const more[] = {"name", "storage_uri", NULL};
	struct json_at object = json_get(entry, "inferenceservice");
	if (cluster_parse(&object, more, target, f) != 0)
		return -1;
	struct cluster_options *options = target->options;
	if (storage_uri_parse(&object, &options->storage_uri, f) != 0)
		return -1;
	return cluster_take_name(&object, "name", options, f);
}

static int look(
	void *context, const struct json_at *object, struct observed *progress, struct fail *f)
{
	(void)f;
	*progress = inference_service_progress(object, *(const int64_t *)context);
	return 0;
}

static int patch(struct cluster *cluster, const char *body, int64_t *generation, struct fail *f)
{
	struct kubernetes_patch made = {.type = PATCH_MERGE,
		.body = body,
		.field_manager = cluster->options->field_manager};
	struct cJSON *answer;
	if (kubernetes_object_patch(&cluster->kubernetes, &cluster->object, &made, &answer, f) != 0)
		return -1;
	struct json_at root = json_root(answer);
	*generation = object_integer(&root, "metadata.generation", 0);
	json_release(answer);
	return 0;
}

/* Patched, unless it has the URI already. */
static int begin(struct cluster *cluster, const char *uri, int64_t *generation, struct fail *f)
{
	struct cJSON *answer;
	if (kubernetes_object_read(&cluster->kubernetes, &cluster->object, 0, &answer, f) != 0)
		return -1;
	struct json_at root = json_root(answer);
	char *now = inference_service_uri(&root), *body = inference_service_patch(&root, uri);
	int result = cluster_refuse(cluster, inference_service_refusal(&root), f);
	*generation = object_integer(&root, "metadata.generation", 0);
	json_release(answer);
	if (result == 0 && body == NULL)
		result = cluster_refuse(cluster, "has no predictor with a storageUri", f);
	if (result == 0 && !text_equal(now, uri))
		result = patch(cluster, body, generation, f);
	free(now);
	free(body);
	return result;
}

static int reload(const struct deploy_target *target, const struct deploy_call *call,
	struct text *did, struct fail *f)
{
	struct cluster cluster;
	struct observed progress;
	int64_t generation = 0;
	char *uri = NULL;
	int result = cluster_open(&cluster, target, call, &inference_service_resource, f);
	if (result == 0)
		result = storage_uri_of(cluster.options->storage_uri, call->model, &uri, f);
	if (result == 0)
		result = begin(&cluster, uri, &generation, f);
	if (result == 0)
		result = cluster_wait(&cluster, look, &generation, &progress, f);
	if (result == 0)
		cluster_did(&cluster, "set the storageUri of", &progress, did);
	free(uri);
	cluster_close(&cluster);
	return result;
}

static void would(
	const struct deploy_target *target, const struct deploy_model *model, struct text *text)
{
	(void)model;
	cluster_would(
		target->options, "set the storageUri of", inference_service_resource.noun, text);
}

const struct deploy_kind deploy_kind_inferenceservice = {
	.key = "inferenceservice",
	.keys = keys,
	.key_count = sizeof(keys) / sizeof(keys[0]),
	.has_replicas = true,
	.parse = parse,
	.reload = reload,
	.would = would,
	.release = cluster_release,
};
