/* access - how one cluster is reached and who asks: an API server, whom it is trusted by, and
 * credentials.
 *
 * Looked for where kubectl looks, the first that is there: the setting "kubeconfig"; KUBECONFIG, a
 * list of files; ~/.kube/config; the service account of the pod that this process runs in
 * (/var/run/secrets/kubernetes.io/serviceaccount with KUBERNETES_SERVICE_HOST and _PORT).
 */
#ifndef MODELHOOK_KUBERNETES_ACCESS_H
#define MODELHOOK_KUBERNETES_ACCESS_H

#include "base/fail.h"
#include "kubernetes/options.h"
#include "kubernetes/types.h"

/* kubernetes_access_find - as said above, files of certificates read. CONFIGURATION where nothing
 * is there, or what is there is not complete; MISSING where a file that is named is not there. May
 * be released whatever the result. */
MUST_CHECK int kubernetes_access_find(
	const struct kubernetes_options *options, struct kubernetes_access *access, struct fail *f);
void kubernetes_access_release(struct kubernetes_access *access);

#endif
