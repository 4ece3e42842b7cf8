#include "deploy/cluster_pods.h"

static struct observed judge(const struct kubernetes_pods *list, const struct cluster_pods *pods,
	struct observed observed)
{
	size_t old_count;
	const struct kubernetes_pod *broken = kubernetes_pods_broken(list, &pods->made);
	const struct kubernetes_pod *pending = kubernetes_pods_pending(list, &pods->made);
	const struct kubernetes_pod *old = kubernetes_pods_old(list, &pods->made, &old_count);
	if (broken != NULL)
		return observed_failed("does not start: pod %s: %s", broken->name, broken->broken);
	if (observed.state == OBSERVED_WAITING && pending != NULL)
		return observed_waiting(
			"%.120s; pod %s: %s", observed.text, pending->name, pending->pending);
	if (observed.state == OBSERVED_DONE && old != NULL && !pods->keeps_old)
		return observed_waiting("%zu old pods are left, such as %s", old_count, old->name);
	return observed;
}

int cluster_look_at_pods(struct cluster *cluster, const struct cluster_pods *pods, bool *denied,
	struct observed *observed, struct fail *f)
{
	struct kubernetes_pods list;
	bool allowed;
	if (*denied || pods->owner.selector == NULL || observed->state == OBSERVED_FAILED)
		return 0;
	int result = kubernetes_pods_list(&cluster->kubernetes, &pods->owner, &list, &allowed, f);
	*denied = result == 0 && !allowed;
	if (result == 0 && allowed)
		*observed = judge(&list, pods, *observed);
	kubernetes_pods_release(&list);
	return result;
}
