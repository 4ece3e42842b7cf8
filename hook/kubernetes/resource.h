/* resource - one object of a cluster, by its API, namespace and name: read it, patch it.
 */
#ifndef MODELHOOK_KUBERNETES_RESOURCE_H
#define MODELHOOK_KUBERNETES_RESOURCE_H

#include "base/fail.h"
#include "kubernetes/client.h"
#include "packaging/json/json.h"

/* struct kubernetes_resource - literals */
struct kubernetes_resource {
	const char *api;    /* "apis/apps/v1" */
	const char *plural; /* "deployments" */
	const char *noun;   /* "deployment" */
};

/* struct kubernetes_object - which one; borrowed */
struct kubernetes_object {
	const struct kubernetes_resource *resource;
	const char *name; /* in the namespace of the client's access */
};

/* kubernetes_object_path - "/apis/apps/v1/namespaces/fish/deployments/api"; the caller frees it */
char *kubernetes_object_path(
	const struct kubernetes *kubernetes, const struct kubernetes_object *object);

/* kubernetes_object_read - as kubernetes_ask; tries: 0: as often as the settings say */
MUST_CHECK int kubernetes_object_read(struct kubernetes *kubernetes,
	const struct kubernetes_object *object, int tries, struct cJSON **answer, struct fail *f);

/* struct kubernetes_patch - borrowed */
struct kubernetes_patch {
	enum {
		PATCH_STRATEGIC, /* what Kubernetes' own kinds take */
		PATCH_MERGE,	 /* RFC 7396, for custom resources */
	} type;
	const char *body;
	const char *field_manager; /* who is noted for the fields; NULL: nobody by name */
};

/* kubernetes_object_patch - *answer: the object as it is then */
MUST_CHECK int kubernetes_object_patch(struct kubernetes *kubernetes,
	const struct kubernetes_object *object, const struct kubernetes_patch *patch,
	struct cJSON **answer, struct fail *f);

#endif
