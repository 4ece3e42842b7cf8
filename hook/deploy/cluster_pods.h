/* cluster_pods - what the pods of a workload add to what its status says, where they may be listed:
 * old ones that are left, and new ones that cannot start.
 */
#ifndef MODELHOOK_DEPLOY_CLUSTER_PODS_H
#define MODELHOOK_DEPLOY_CLUSTER_PODS_H

#include <stdbool.h>

#include "base/fail.h"
#include "deploy/cluster.h"
#include "kubernetes/observed.h"
#include "kubernetes/pods.h"

/* struct cluster_pods - whose pods, and what is asked of them; borrowed */
struct cluster_pods {
	struct kubernetes_owner owner;	/* selector NULL: not known, nothing is asked */
	struct kubernetes_restart made; /* which of them are new */
	bool keeps_old;			/* old ones are meant to stay */
};

/* cluster_look_at_pods - turn *observed into waiting where old pods are left, and into failed where
 * a new one cannot start; *denied: pods may not be listed, noted so that it is asked once alone.
 * As kubernetes_pods_list. */
MUST_CHECK int cluster_look_at_pods(struct cluster *cluster, const struct cluster_pods *pods,
	bool *denied, struct observed *observed, struct fail *f);

#endif
