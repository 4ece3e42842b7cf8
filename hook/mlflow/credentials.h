/* credentials - who we are for the MLflow server, read as MLflow's Python client reads it.
 *
 * Order: a ~/.netrc (or NETRC) entry of the host; user information inside the URL; user and
 * password (MLFLOW_TRACKING_USERNAME/_PASSWORD, each field else from ~/.mlflow/credentials, INI
 * section [mlflow]); MLFLOW_TRACKING_TOKEN as Bearer. Before all of these, as in MLflow:
 * MLFLOW_TRACKING_AWS_SIGV4 and SageMaker sign each request; MLFLOW_TRACKING_AUTH=kubernetes takes
 * MLFLOW_TRACKING_TOKEN, else the token of the pod's service account, and kubernetes-namespaced its
 * namespace as workspace too. MODELHOOK_CREDENTIALS_FILES=false leaves .netrc and
 * ~/.mlflow/credentials aside. All secrets live here, are never logged, and are wiped by
 * credentials_release.
 */
#ifndef MODELHOOK_MLFLOW_CREDENTIALS_H
#define MODELHOOK_MLFLOW_CREDENTIALS_H

#include "base/fail.h"
#include "http/login.h"
#include "mlflow/sagemaker.h"

struct aws_signer; /* mlflow/aws_signer.h */

/* credentials_options - borrowed */
struct credentials_options {
	const char *header_file;     /* more headers (mlflow/header_file.h), or NULL */
	const char *service_account; /* folder of a Kubernetes service account; NULL: the usual */
	const struct sagemaker *sagemaker; /* the server is one of SageMaker's; or NULL */
	bool has_workspace;		   /* a workspace is set, a namespace does not count */
};

struct credentials {
	char *origin;	     /* scheme://host:port that they are for, no other gets them */
	char *authorization; /* the value of the Authorization header, or NULL */
	const char *kind;    /* "none", "netrc", "user and password", "token", ...: for doctor */
	char *user;	     /* for doctor; or NULL */
	char *token_file;    /* of a service account, read before each request; or NULL */
	char *workspace;     /* its namespace, where that is the workspace; or NULL */
	char *header_file;   /* read before each request; or NULL */
	struct aws_signer *signer; /* or NULL */
};

/* credentials_read - for the server at url; user information is cut out of *url, so that it is
 * never printed. CONFIGURATION where settings ask for something this program does not do (AWS SigV4
 * for the tracking server, authentication plugins), a file cannot be read, or *url is not http(s).
 * A .netrc that cannot be read or understood is left aside with a warning: it has other readers. */
MUST_CHECK int credentials_read(char **url, const struct credentials_options *options,
	struct credentials *credentials, struct fail *f);

/* credentials_are_there - something is sent that says who we are */
bool credentials_are_there(const struct credentials *credentials);

/* credentials_login - for http_open; borrows the credentials */
struct http_login credentials_login(const struct credentials *credentials);
void credentials_release(struct credentials *credentials);

#endif
