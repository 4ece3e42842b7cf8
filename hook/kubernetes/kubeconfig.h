/* kubeconfig - the files that tell kubectl about clusters, users and contexts.
 *
 * Format: "Config" in k8s.io/client-go/tools/clientcmd/api/v1. Of several files the first that has
 * a cluster, user or context by a name gives all of it, and the first current-context counts.
 * Relative paths are below the folder of the file that they stand in; "...-data" comes before the
 * file of the same name. What kubectl takes and this does not is refused by name: auth-provider
 * (gone since Kubernetes 1.26) and as-user-extra.
 */
#ifndef MODELHOOK_KUBERNETES_KUBECONFIG_H
#define MODELHOOK_KUBERNETES_KUBECONFIG_H

#include <stddef.h>

#include "base/fail.h"
#include "kubernetes/types.h"

struct cJSON;

/* struct kubeconfig - the files so far, in their order; owns all */
struct kubeconfig {
	struct kubeconfig_file {
		char *path;
		char *folder;
		struct cJSON *tree;
	} * files;
	size_t count;
};

/* kubeconfig_add - the text of one more file. UNACCEPTABLE, with the path and the place. */
MUST_CHECK int kubeconfig_add(
	struct kubeconfig *config, const char *path, const char *text, size_t size, struct fail *f);
void kubeconfig_release(struct kubeconfig *config);

/* kubeconfig_choose - what the context says, NULL: the current one; no file is read. CONFIGURATION
 * where the files have no such context, cluster or user, UNACCEPTABLE where a value is not what it
 * should be. access, zeroed before, may be released whatever the result. */
MUST_CHECK int kubeconfig_choose(const struct kubeconfig *config, const char *context,
	struct kubernetes_access *access, struct fail *f);

#endif
