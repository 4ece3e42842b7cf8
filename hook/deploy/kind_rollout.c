/* A restart of an Argo Rollout, by its own field:
 *
 *   {"rollout": {"namespace": "ml-inference", "name": "fish-api"}, "timeout": "10m"}
 *
 * The controller replaces all pods that are older than spec.restartAt, a few at a time. The time is
 * the API server's: one that lies in the future would be waited for. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/text.h"
#include "deploy/cluster.h"
#include "deploy/cluster_pods.h"
#include "deploy/kinds.h"
#include "kubernetes/controllers.h"
#include "kubernetes/object.h"

static const char *const keys[] = {"rollout"};

/* struct restart - what the wait goes by */
struct restart {
	struct cluster *cluster;
	char at[32];
	int64_t at_ms;
	bool pods_denied;
};

static int look(
	void *context, const struct json_at *object, struct observed *progress, struct fail *f)
{
	struct restart *restart = context;
	char *selector = object_string(object, "status.selector");
	struct cluster_pods pods = {
		.owner = {.kind = "Rollout",
			.name = restart->cluster->object.name,
			.selector = selector},
		.made = {.since_ms = restart->at_ms},
	};
	*progress = rollout_progress(object, restart->at);
	int result =
		cluster_look_at_pods(restart->cluster, &pods, &restart->pods_denied, progress, f);
	free(selector);
	return result;
}

static int patch(struct restart *restart, struct fail *f)
{
	struct cluster *cluster = restart->cluster;
	struct cJSON *body = json_new_object(), *answer;
	json_set_string(json_set_object(body, "spec"), "restartAt", restart->at);
	char *text = json_take_text(body);
	struct kubernetes_patch made = {.type = PATCH_MERGE,
		.body = text,
		.field_manager = cluster->options->field_manager};
	int result =
		kubernetes_object_patch(&cluster->kubernetes, &cluster->object, &made, &answer, f);
	free(text);
	if (result == 0)
		json_release(answer);
	return result;
}

/* A second later than the last one, with which it would be none. */
static void choose_time(struct restart *restart, const struct json_at *object)
{
	int64_t now = cluster_now(restart->cluster) / 1000 * 1000;
	if (object_time(object, "spec.restartAt") == now)
		now += 1000;
	restart->at_ms = now;
	clock_format_rfc3339(restart->at, now);
}

static int begin(struct restart *restart, struct fail *f)
{
	struct cluster *cluster = restart->cluster;
	struct cJSON *answer;
	if (kubernetes_object_read(&cluster->kubernetes, &cluster->object, 0, &answer, f) != 0)
		return -1;
	struct json_at root = json_root(answer);
	int result = cluster_refuse(cluster, rollout_refusal(&root), f);
	choose_time(restart, &root);
	json_release(answer);
	return result == 0 ? patch(restart, f) : -1;
}

static int reload(const struct deploy_target *target, const struct deploy_call *call,
	struct text *did, struct fail *f)
{
	struct cluster cluster;
	struct restart restart = {.cluster = &cluster};
	struct observed progress;
	int result = cluster_open(&cluster, target, call, &rollout_resource, f);
	if (result == 0)
		result = begin(&restart, f);
	if (result == 0)
		result = cluster_wait(&cluster, look, &restart, &progress, f);
	if (result == 0)
		cluster_did(&cluster, "restarted", &progress, did);
	cluster_close(&cluster);
	return result;
}

static void would(
	const struct deploy_target *target, const struct deploy_model *model, struct text *text)
{
	(void)model;
	cluster_would(target->options, "restart", rollout_resource.noun, text);
}

const struct deploy_kind deploy_kind_rollout = {
	.key = "rollout",
	.keys = keys,
	.key_count = sizeof(keys) / sizeof(keys[0]),
	.has_replicas = true,
	.parse = cluster_parse_named,
	.reload = reload,
	.would = would,
	.release = cluster_release,
};
