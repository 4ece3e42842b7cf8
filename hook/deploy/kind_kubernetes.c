/* A restart of a Deployment, StatefulSet or DaemonSet, as kubectl rollout restart does it:
 *
 *   {"kubernetes": {"namespace": "ml-inference", "deployment": "fish-api"}, "timeout": "5m"}
 *
 * It ends once kubectl rollout status would, and no old pod is left: a Deployment tells how many of
 * its pods are ending (since Kubernetes 1.35), else the pods are listed, where that is allowed.
 * Where it is, a pod that cannot start ends the wait at once, with the kubelet's reason. */
#include "base/fail.h"
#include "base/text.h"
#include "deploy/cluster.h"
#include "deploy/cluster_pods.h"
#include "deploy/kinds.h"
#include "kubernetes/workload.h"
#include "kubernetes/workload_name.h"

static const char *const keys[] = {"kubernetes"};

static int parse(const struct json_at *entry, struct deploy_target *target, struct fail *f)
{
	static const char *const more[] = {WORKLOAD_NAME_KEYS, NULL};
	struct json_at object = json_get(entry, "kubernetes");
	if (cluster_parse(&object, more, target, f) != 0)
		return -1;
	struct cluster_options *options = target->options;
	return workload_name_parse(&object, &options->kind, &options->name, f);
}

/* struct restart - what the wait goes by */
struct restart {
	struct cluster *cluster;
	enum workload_kind kind;
	struct cluster_restart made;
	bool pods_denied; /* pods may not be listed */
	bool is_vague;	  /* nothing told whether old pods were left */
};

/* Without the pods only a Deployment of today and a StatefulSet, which has no pod beyond its
 * replicas, tell that no old pod is left. */
static bool is_vague(const struct workload *workload)
{
	return workload->kind != WORKLOAD_STATEFULSET && workload->terminating < 0;
}

static int look_at_pods(struct restart *restart, const struct workload *workload,
	struct observed *progress, struct fail *f)
{
	struct cluster_pods pods = {
		.owner = {.kind = workload_kind_name(workload->kind),
			.name = restart->cluster->object.name,
			.selector = workload->selector},
		.made = {.restarted_at = workload->restarted_at},
		.keeps_old = workload->partition > 0,
	};
	int result =
		cluster_look_at_pods(restart->cluster, &pods, &restart->pods_denied, progress, f);
	restart->is_vague = restart->pods_denied && is_vague(workload);
	return result;
}

static int look(
	void *context, const struct json_at *object, struct observed *progress, struct fail *f)
{
	struct restart *restart = context;
	struct workload workload;
	workload_read(object, restart->kind, &workload);
	if (workload_was_undone(&workload, restart->made.at))
		*progress = observed_failed("lost the restart of %s: somebody took the annotation "
					    "back, such as Argo CD or Flux",
			restart->made.at);
	else
		*progress = workload_progress(&workload, restart->made.generation);
	int result = look_at_pods(restart, &workload, progress, f);
	workload_release(&workload);
	return result;
}

static int reload(const struct deploy_target *target, const struct deploy_call *call,
	struct text *did, struct fail *f)
{
	const struct cluster_options *options = target->options;
	struct cluster cluster;
	struct restart restart = {.cluster = &cluster, .kind = options->kind};
	struct observed progress;
	int result = cluster_open(&cluster, target, call, &workload_resources[options->kind], f);
	if (result == 0)
		result =
			cluster_restart(&cluster, &cluster.object, options->kind, &restart.made, f);
	if (result == 0)
		result = cluster_wait(&cluster, look, &restart, &progress, f);
	if (result == 0)
		cluster_did(&cluster, "restarted", &progress, did);
	if (result == 0 && restart.is_vague)
		text_add_string(did, "; old pods may be left: pods may not be listed");
	cluster_close(&cluster);
	return result;
}

static void would(
	const struct deploy_target *target, const struct deploy_model *model, struct text *text)
{
	const struct cluster_options *options = target->options;
	(void)model;
	cluster_would(options, "restart", workload_resources[options->kind].noun, text);
}

const struct deploy_kind deploy_kind_kubernetes = {
	.key = "kubernetes",
	.keys = keys,
	.key_count = sizeof(keys) / sizeof(keys[0]),
	.has_replicas = true,
	.parse = parse,
	.reload = reload,
	.would = would,
	.release = cluster_release,
};
