/* workload - a Deployment, StatefulSet or DaemonSet, and how far a restart of it is.
 *
 * A restart is what kubectl rollout restart does: an annotation of the pod template gets the time,
 * and the controller replaces the pods, which carry the annotation too. So a pod with another time,
 * or none, is an old one, whatever the clocks say.
 * The conditions are those of kubectl rollout status (k8s.io/kubectl/pkg/polymorphichelpers,
 * rollout_status.go), in its order. They do not say that old pods are gone: a pod that was told to
 * end answers until it does.
 */
#ifndef MODELHOOK_KUBERNETES_WORKLOAD_H
#define MODELHOOK_KUBERNETES_WORKLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fail.h"
#include "kubernetes/observed.h"
#include "kubernetes/resource.h"
#include "packaging/json/json.h"

#define WORKLOAD_RESTARTED_AT "kubectl.kubernetes.io/restartedAt"

enum workload_kind {
	WORKLOAD_DEPLOYMENT,
	WORKLOAD_STATEFULSET,
	WORKLOAD_DAEMONSET,
	WORKLOAD_KINDS,
};

/* workload_resources - by kind */
extern const struct kubernetes_resource workload_resources[WORKLOAD_KINDS];

/* workload_kind_name - "Deployment"; a literal */
const char *workload_kind_name(enum workload_kind kind);

/* struct workload - as observed; owns its strings, which are NULL where there are none */
struct workload {
	enum workload_kind kind;
	int64_t generation; /* of the spec */
	int64_t observed;   /* that the status is about */
	int64_t wanted;	    /* pods there should be; -1: not told */
	int64_t replicas;   /* pods there are, old ones included, but for those that are ending */
	int64_t updated;    /* of those, of the newest template */
	int64_t ready;
	int64_t available;
	int64_t terminating; /* a Deployment's pods that are ending; -1: not told (before 1.35) */
	int64_t partition;   /* a StatefulSet's pods that keep the old template */
	bool paused;
	bool on_delete;	    /* pods are replaced only once somebody deletes them */
	char *failure;	    /* a Deployment's exceeded deadline, in its own words */
	char *blocked;	    /* why it cannot make pods, such as a quota */
	char *restarted_at; /* of the template */
	char *selector;	    /* of its pods, as a query has it: "app=fish,tier in (a,b)" */
	char *canary;	    /* the Flagger Canary that owns it */
};

void workload_read(
	const struct json_at *object, enum workload_kind kind, struct workload *workload);
void workload_release(struct workload *workload);

/* workload_refusal - why a restart cannot be waited for: "is paused: ..."; NULL: it can. A literal.
 */
const char *workload_refusal(const struct workload *workload);

/* workload_progress - since the restart whose patch gave this generation */
struct observed workload_progress(const struct workload *workload, int64_t generation);

/* workload_was_undone - whether the template no longer has this restart, nor a later one */
bool workload_was_undone(const struct workload *workload, const char *restarted_at);

/* workload_restart_time - an RFC 3339 time of whole seconds in UTC: now_ms, or a second after the
 * one before, with which it would be no restart */
void workload_restart_time(const struct workload *workload, int64_t now_ms, char out[32]);

/* workload_restart_patch - the caller frees it */
char *workload_restart_patch(const char *restarted_at);

/* kubernetes_selector - a LabelSelector as a query has it, or NULL where it is not one; the caller
 * frees it */
char *kubernetes_selector(const struct json_at *selector);

#endif
