/* KServe tells what an InferenceService has loaded by its status, which the API server has: the
 * state of the model, and the storageUri that it is about. Its servers do not name their version.
 */
#include <stdlib.h>

#include "base/text.h"
#include "deploy/storage_uri.h"
#include "kubernetes/controllers.h"
#include "served/cluster.h"
#include "served/servers.h"

static void judge(const struct deploy_model *model, const struct json_at *object, const char *uri,
	struct served_seen *seen)
{
	char number[24];
	struct observed serves = inference_service_serves(object, uri);
	if (serves.state == OBSERVED_DONE)
		seen->said = text_copy(text_number(number, model->version));
	else
		seen->problem = text_copy(serves.text);
	seen->is_final = serves.state == OBSERVED_FAILED;
}

static int look(const struct served *served, const struct served_call *call,
	struct served_seen *seen, struct fail *f)
{
	const struct served_inference_service *named = &served->inference_service;
	struct kubernetes_object object = {
		.resource = &inference_service_resource, .name = named->name};
	struct cJSON *answer;
	char *uri = NULL;
	seen->replica = text_format("%s/%s", object.resource->noun, named->name);
	int result = storage_uri_of(named->storage_uri, call->deploy.model, &uri, f);
	if (result == 0)
		result = served_cluster_reach(served, call, &named->at, f);
	if (result == 0)
		result = kubernetes_object_read(&call->cluster->kubernetes, &object, 1, &answer, f);
	if (result == 0) {
		struct json_at root = json_root(answer);
		judge(call->deploy.model, &root, uri, seen);
		json_release(answer);
	}
	free(uri);
	return result;
}

const struct served_server served_server_kserve = {
	.name = "kserve",
	.protocol = GOLDEN_V1,
	.look = look,
};
