#include "served/covers.h"

#include "base/text.h"
#include "deploy/cluster.h"
#include "deploy/kinds.h"

static bool is_same_workload(
	const struct served_workload *workload, const struct cluster_options *options)
{
	return workload->name != NULL && workload->kind == options->kind &&
	       text_equal(workload->name, options->name) &&
	       kubernetes_options_are_same(&workload->at, &options->at);
}

static bool is_same_inference_service(
	const struct served *served, const struct cluster_options *options)
{
	const struct served_inference_service *named = &served->inference_service;
	return text_equal(named->name, options->name) &&
	       text_equal(named->storage_uri, options->storage_uri) &&
	       kubernetes_options_are_same(&named->at, &options->at);
}

bool served_covers(const struct served *served, const struct deploy_target *target)
{
	if (!target->kind->has_replicas)
		return true;
	if (target->kind == &deploy_kind_inferenceservice)
		return is_same_inference_service(served, target->options);
	return target->kind == &deploy_kind_kubernetes &&
	       is_same_workload(&served->replicas.workload, target->options);
}
