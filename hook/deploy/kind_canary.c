/* A restart of what a Flagger Canary looks after, and the analysis that this starts:
 *
 *   {"canary": {"namespace": "ml-inference", "name": "fish-api"}, "timeout": "30m"}
 *
 * The Canary's target is restarted, never its primary, which serves the old model until Flagger
 * has copied the target's template to it: that is what is waited for. */
#include <stdlib.h>

#include "base/fail.h"
#include "base/text.h"
#include "deploy/cluster.h"
#include "deploy/kinds.h"
#include "kubernetes/controllers.h"
#include "kubernetes/object.h"
#include "kubernetes/workload.h"

static const char *const keys[] = {"canary"};

/* struct analysis - what the wait goes by; owns its strings */
struct analysis {
	char *applied; /* the mark of the template before the restart */
	char *target;
	enum workload_kind kind;
};

static int look(
	void *context, const struct json_at *object, struct observed *progress, struct fail *f)
{
	const struct analysis *analysis = context;
	(void)f;
	*progress = canary_progress(object, analysis->applied);
	return 0;
}

static int find_target(const struct cluster *cluster, const struct json_at *object,
	struct analysis *analysis, struct fail *f)
{
	analysis->target = object_string(object, "spec.targetRef.name");
	if (object_is(object, "spec.targetRef.kind", "Deployment"))
		analysis->kind = WORKLOAD_DEPLOYMENT;
	else if (object_is(object, "spec.targetRef.kind", "DaemonSet"))
		analysis->kind = WORKLOAD_DAEMONSET;
	else
		return cluster_refuse(
			cluster, "has a target that is no Deployment or DaemonSet", f);
	return cluster_refuse(
		cluster, analysis->target == NULL ? "has a target without a name" : NULL, f);
}

static int begin(struct cluster *cluster, struct analysis *analysis, struct fail *f)
{
	struct cJSON *answer;
	struct cluster_restart ignored;
	if (kubernetes_object_read(&cluster->kubernetes, &cluster->object, 0, &answer, f) != 0)
		return -1;
	struct json_at root = json_root(answer);
	analysis->applied = canary_applied(&root);
	int result = cluster_refuse(cluster, canary_refusal(&root), f);
	if (result == 0)
		result = find_target(cluster, &root, analysis, f);
	json_release(answer);
	if (result != 0)
		return -1;
	struct kubernetes_object target = {
		.resource = &workload_resources[analysis->kind], .name = analysis->target};
	return cluster_restart(cluster, &target, analysis->kind, &ignored, f);
}

static int reload(const struct deploy_target *target, const struct deploy_call *call,
	struct text *did, struct fail *f)
{
	struct cluster cluster;
	struct analysis analysis = {0};
	struct observed progress;
	int result = cluster_open(&cluster, target, call, &canary_resource, f);
	if (result == 0)
		result = begin(&cluster, &analysis, f);
	if (result == 0)
		result = cluster_wait(&cluster, look, &analysis, &progress, f);
	if (result == 0)
		cluster_did(&cluster, "restarted the target of", &progress, did);
	free(analysis.applied);
	free(analysis.target);
	cluster_close(&cluster);
	return result;
}

static void would(
	const struct deploy_target *target, const struct deploy_model *model, struct text *text)
{
	(void)model;
	cluster_would(target->options, "restart the target of", canary_resource.noun, text);
}

const struct deploy_kind deploy_kind_canary = {
	.key = "canary",
	.keys = keys,
	.key_count = sizeof(keys) / sizeof(keys[0]),
	.has_replicas = true,
	.parse = cluster_parse_named,
	.reload = reload,
	.would = would,
	.release = cluster_release,
};
