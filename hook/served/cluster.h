/* cluster - what a cluster's API server knows of the service: how many replicas its workload is to
 * have, and which pods there are.
 */
#ifndef MODELHOOK_SERVED_CLUSTER_H
#define MODELHOOK_SERVED_CLUSTER_H

#include <stdbool.h>

#include "base/fail.h"
#include "kubernetes/client.h"
#include "kubernetes/pods.h"
#include "kubernetes/workload.h"
#include "served/types.h"

/* struct served_cluster - a connection that is opened when it is first needed; {0} is none yet.
 * Must not be moved once it is open. */
struct served_cluster {
	struct kubernetes kubernetes;
	bool is_open;
};

/* served_cluster_reach - call->cluster, open, and for one request within
 * served->request_timeout_ms. As kubernetes_open. */
MUST_CHECK int served_cluster_reach(const struct served *served, const struct served_call *call,
	const struct kubernetes_options *at, struct fail *f);
void served_cluster_close(struct served_cluster *cluster);

/* served_cluster_workload - the workload that served names, as it is now; released whatever the
 * result. As kubernetes_object_read. */
MUST_CHECK int served_cluster_workload(const struct served *served, const struct served_call *call,
	struct workload *workload, struct fail *f);

/* served_cluster_pods - its pods; released whatever the result. DENIED where they may not be
 * listed; as kubernetes_pods_list. */
MUST_CHECK int served_cluster_pods(const struct served *served, const struct served_call *call,
	const struct workload *workload, struct kubernetes_pods *pods, struct fail *f);

#endif
