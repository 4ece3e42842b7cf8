#include "served/cluster.h"

#include "base/clock.h"
#include "kubernetes/resource.h"

static void limit(const struct served *served, const struct served_call *call)
{
	call->cluster->kubernetes.http.deadline =
		deadline_within(call->deploy.deadline, served->request_timeout_ms);
}

int served_cluster_reach(const struct served *served, const struct served_call *call,
	const struct kubernetes_options *at, struct fail *f)
{
	struct served_cluster *cluster = call->cluster;
	if (!cluster->is_open && kubernetes_open(&cluster->kubernetes, at, call->deploy.http,
					 call->deploy.deadline, f) != 0) {
		kubernetes_release(&cluster->kubernetes);
		return -1;
	}
	cluster->is_open = true;
	limit(served, call);
	return 0;
}

void served_cluster_close(struct served_cluster *cluster)
{
	if (cluster->is_open)
		kubernetes_release(&cluster->kubernetes);
	cluster->is_open = false;
}

int served_cluster_workload(const struct served *served, const struct served_call *call,
	struct workload *workload, struct fail *f)
{
	const struct served_workload *named = &served->replicas.workload;
	struct kubernetes_object object = {
		.resource = &workload_resources[named->kind], .name = named->name};
	struct cJSON *answer;
	*workload = (struct workload){0};
	if (served_cluster_reach(served, call, &named->at, f) != 0 ||
		kubernetes_object_read(&call->cluster->kubernetes, &object, 1, &answer, f) != 0)
		return -1;
	struct json_at root = json_root(answer);
	workload_read(&root, named->kind, workload);
	json_release(answer);
	return 0;
}

int served_cluster_pods(const struct served *served, const struct served_call *call,
	const struct workload *workload, struct kubernetes_pods *pods, struct fail *f)
{
	struct kubernetes *kubernetes = &call->cluster->kubernetes;
	const struct served_workload *named = &served->replicas.workload;
	const char *noun = workload_resources[named->kind].noun;
	struct kubernetes_owner owner = {.kind = workload_kind_name(named->kind),
		.name = named->name,
		.selector = workload->selector};
	bool allowed;
	*pods = (struct kubernetes_pods){0};
	if (owner.selector == NULL)
		return fail_set(f, STATUS_CONFIGURATION, "%s/%s in %s has no selector", noun,
			named->name, kubernetes->access.namespace);
	limit(served, call);
	if (kubernetes_pods_list(kubernetes, &owner, pods, &allowed, f) != 0)
		return fail_wrap(f, "%s/%s in %s", noun, named->name, kubernetes->access.namespace);
	if (allowed)
		return 0;
	fail_set(f, STATUS_DENIED, "the pods of %s/%s in %s may not be listed", noun, named->name,
		kubernetes->access.namespace);
	return fail_hint(f, "\"modelhook help deploy\" prints the Role that allows it");
}
