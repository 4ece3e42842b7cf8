/* cluster - what the kinds that reload a service in Kubernetes have in common: their settings, and
 * the wait until the cluster did what it was asked for.
 *
 *   {"rollout": {"namespace": "ml-inference", "name": "fish-api", "field_manager": "modelhook"}}
 */
#ifndef MODELHOOK_DEPLOY_CLUSTER_H
#define MODELHOOK_DEPLOY_CLUSTER_H

#include "base/fail.h"
#include "base/text.h"
#include "deploy/types.h"
#include "kubernetes/client.h"
#include "kubernetes/observed.h"
#include "kubernetes/options.h"
#include "kubernetes/resource.h"
#include "kubernetes/workload.h"
#include "packaging/json/json.h"

/* struct cluster_options - of a target; owns its strings */
struct cluster_options {
	struct kubernetes_options at;
	char *name;
	char *field_manager;
	enum workload_kind kind; /* of "kubernetes" alone */
	char *storage_uri;	 /* of "inferenceservice" alone */
};

/* cluster_parse - the object behind the kind's key into target->options: the keys of
 * kubernetes/options.h, "field_manager" (kubectl's own where there is none), and `more`
 * (NULL-terminated), whose values the kind reads. UNACCEPTABLE by key. */
MUST_CHECK int cluster_parse(const struct json_at *object, const char *const *more,
	struct deploy_target *target, struct fail *f);

/* cluster_take_name - the string of key into options->name */
MUST_CHECK int cluster_take_name(const struct json_at *object, const char *key,
	struct cluster_options *options, struct fail *f);

/* cluster_parse_named - what most kinds have: cluster_parse with the key "name" */
MUST_CHECK int cluster_parse_named(
	const struct json_at *entry, struct deploy_target *target, struct fail *f);
void cluster_release(void *options);

/* cluster_would - "VERB NOUN/NAME in NAMESPACE" */
void cluster_would(const struct cluster_options *options, const char *verb, const char *noun,
	struct text *text);

/* struct cluster - an open connection and the object that is meant; must not be moved */
struct cluster {
	const struct cluster_options *options;
	struct kubernetes kubernetes;
	struct kubernetes_object object;
	struct deadline deadline;
};

/* cluster_open - finds the credentials; sends nothing. Release it whatever the result. */
MUST_CHECK int cluster_open(struct cluster *cluster, const struct deploy_target *target,
	const struct deploy_call *call, const struct kubernetes_resource *resource, struct fail *f);
void cluster_close(struct cluster *cluster);

/* cluster_refuse - CONFIGURATION where there is a reason; 0 where it is NULL */
MUST_CHECK int cluster_refuse(const struct cluster *cluster, const char *reason, struct fail *f);

/* cluster_now - the server's clock, ours where it was not told, ms since 1970 */
int64_t cluster_now(const struct cluster *cluster);

/* struct cluster_restart - a restart that was asked for */
struct cluster_restart {
	char at[32];	    /* the annotation */
	int64_t generation; /* of the workload since */
};

/* cluster_restart - restart the workload, unless a restart of it cannot be waited for
 * (CONFIGURATION) */
MUST_CHECK int cluster_restart(struct cluster *cluster, const struct kubernetes_object *object,
	enum workload_kind kind, struct cluster_restart *restart, struct fail *f);

/* cluster_did - "VERB NOUN/NAME in NAMESPACE: what is so now" */
void cluster_did(const struct cluster *cluster, const char *verb, const struct observed *progress,
	struct text *did);

/* cluster_look_function - how far the object, as just read, is; -1 with LATER: look again */
typedef int cluster_look_function(
	void *context, const struct json_at *object, struct observed *progress, struct fail *f);

/* cluster_wait - read the object until look says that it is done, which progress tells. NOT_SERVED
 * where it failed, or is not done within the deadline; LATER where the API server cannot be asked
 * at the end of that; as look and kubernetes_object_read. */
MUST_CHECK int cluster_wait(struct cluster *cluster, cluster_look_function *look, void *context,
	struct observed *progress, struct fail *f);

#endif
