/* pods - the pods of a workload: where they answer, whether they are old, and what ails them.
 *
 * Needs the right to list pods in the namespace; where that is not given, kubernetes_pods_list says
 * so and does not fail.
 */
#ifndef MODELHOOK_KUBERNETES_PODS_H
#define MODELHOOK_KUBERNETES_PODS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"
#include "kubernetes/client.h"
#include "packaging/json/json.h"

/* struct kubernetes_pod - owns its strings, which are NULL where there are none */
struct kubernetes_pod {
	char *name;
	char *ip;
	char *restarted_at; /* the annotation of the template that it was made of */
	int64_t created_ms; /* since 1970, by the cluster's clock */
	bool ready;
	bool ending;  /* told to end; it may answer until it does */
	bool ended;   /* all of its containers have */
	char *broken; /* what keeps it from starting, by the kubelet's word, and will not pass soon:
		       * "container api: CrashLoopBackOff: ..." */
	char *pending; /* why it is not ready, as far as it says so */
};

struct kubernetes_pods {
	struct kubernetes_pod *items;
	size_t count;
};

/* struct kubernetes_owner - whose pods are meant: of a Deployment the ReplicaSets, of all others
 * the workload itself; borrowed */
struct kubernetes_owner {
	const char *kind;     /* of the workload: "Deployment", "StatefulSet", ... */
	const char *name;     /* of the workload */
	const char *selector; /* kubernetes_selector */
};

/* kubernetes_pods_read - add the items of a PodList that belong to owner */
void kubernetes_pods_read(const struct json_at *list, const struct kubernetes_owner *owner,
	struct kubernetes_pods *pods);

/* kubernetes_pods_list - all pods of the owner in the client's namespace; *allowed false: the API
 * server does not allow to list pods. Release them whatever the result. */
MUST_CHECK int kubernetes_pods_list(struct kubernetes *kubernetes,
	const struct kubernetes_owner *owner, struct kubernetes_pods *pods, bool *allowed,
	struct fail *f);
void kubernetes_pods_release(struct kubernetes_pods *pods);

/* struct kubernetes_restart - which pods are new: those with this annotation, or, where that is
 * NULL, those that were created since then */
struct kubernetes_restart {
	const char *restarted_at;
	int64_t since_ms;
};

/* kubernetes_pods_broken - the first new pod that is broken, or NULL */
const struct kubernetes_pod *kubernetes_pods_broken(
	const struct kubernetes_pods *pods, const struct kubernetes_restart *restart);

/* kubernetes_pods_pending - the first new pod that says why it is not ready, or NULL */
const struct kubernetes_pod *kubernetes_pods_pending(
	const struct kubernetes_pods *pods, const struct kubernetes_restart *restart);

/* kubernetes_pods_old - the first pod that is not new and may still answer, and how many of them
 * there are; or NULL */
const struct kubernetes_pod *kubernetes_pods_old(const struct kubernetes_pods *pods,
	const struct kubernetes_restart *restart, size_t *count);

/* kubernetes_pod_proxy_path - where the API server passes requests on to a pod's port:
 * "/api/v1/namespaces/fish/pods/https:api-1:8080/proxy/model"; path begins with a slash. Needs the
 * right to pods/proxy. The caller frees it. */
char *kubernetes_pod_proxy_path(const struct kubernetes *kubernetes, const char *pod, bool https,
	int port, const char *path);

#endif
