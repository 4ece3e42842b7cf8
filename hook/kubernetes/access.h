/* access - how one cluster is reached and who asks: an API server, whom it is trusted by, and
 * credentials.
 *
 * Looked for where kubectl looks, the first that is there: the setting "kubeconfig"; KUBECONFIG, a
 * list of files; ~/.kube/config; the service account of the pod that this process runs in
 * (/var/run/secrets/kubernetes.io/serviceaccount with KUBERNETES_SERVICE_HOST and _PORT).
 */
#ifndef MODELHOOK_KUBERNETES_ACCESS_H
#define MODELHOOK_KUBERNETES_ACCESS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fail.h"
#include "kubernetes/options.h"

/* struct kubernetes_exec - a program that prints credentials, as a kubeconfig names it; owns its
 * strings */
struct kubernetes_exec {
	char **argv;	    /* NULL-terminated; NULL: there is none */
	char **variables;   /* "NAME=value" it gets besides, NULL-terminated */
	char *api_version;  /* "client.authentication.k8s.io/v1", or v1beta1 */
	char *install_hint; /* or NULL */
	char *folder;	    /* of the kubeconfig */
	bool wants_cluster; /* provideClusterInfo */
};

/* struct kubernetes_access - owns its strings, which are NULL where there are none; secrets are
 * wiped. A file is read by kubernetes_access_load into the text beside it. */
struct kubernetes_access {
	char *from;   /* where this was read, for messages: "kubeconfig /home/me/.kube/config" */
	char *server; /* "https://10.0.0.1:6443", without a slash at its end */
	char *namespace;
	char *ca_file;
	char *ca_pem;
	char *server_name; /* in its certificate, instead of the host */
	char *proxy_url;
	bool insecure; /* its certificate is not checked */

	char *client_cert_file;
	char *client_cert_pem;
	char *client_key_file;
	char *client_key_pem;
	char *token;
	char *token_file; /* read again and again; comes before token */
	char *username;
	char *password;
	struct kubernetes_exec exec;
	char *as; /* impersonated */
	char *as_uid;
	char **as_groups; /* NULL-terminated */
};

/* kubernetes_access_find - as said above, files of certificates read. CONFIGURATION where nothing
 * is there, or what is there is not complete; MISSING where a file that is named is not there. May
 * be released whatever the result. */
MUST_CHECK int kubernetes_access_find(
	const struct kubernetes_options *options, struct kubernetes_access *access, struct fail *f);
void kubernetes_access_release(struct kubernetes_access *access);

#endif
