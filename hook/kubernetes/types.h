/* types - how a cluster is reached, and who asks.
 */
#ifndef MODELHOOK_KUBERNETES_TYPES_H
#define MODELHOOK_KUBERNETES_TYPES_H

#include <stdbool.h>

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

#endif
