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

bool served_covers(const struct served *served, const struct deploy_target *target)
{
	if (!target->kind->has_replicas)
		return true;
	return target->kind == &deploy_kind_kubernetes &&
	       is_same_workload(&served->replicas.workload, target->options);
}
