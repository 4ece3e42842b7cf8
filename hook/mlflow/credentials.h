/* credentials - who we are for the MLflow server, read as MLflow's Python client reads it.
 *
 * Order: a ~/.netrc (or NETRC) entry of the host; user information inside the URL; user and
 * password (MLFLOW_TRACKING_USERNAME/_PASSWORD, each field else from ~/.mlflow/credentials, INI
 * section [mlflow]); MLFLOW_TRACKING_TOKEN as Bearer. All secrets live here, are never logged, and
 * are wiped by credentials_release.
 */
#ifndef MODELHOOK_MLFLOW_CREDENTIALS_H
#define MODELHOOK_MLFLOW_CREDENTIALS_H

#include "base/fail.h"

struct credentials {
	char *origin;	     /* scheme://host:port that they are for, no other gets them */
	char *authorization; /* the value of the Authorization header, or NULL */
	const char *kind;    /* "none", "netrc", "user and password", "token", "URL": for doctor */
	char *user;	     /* for doctor; or NULL */
};

/* credentials_read - for the server at url; user information is cut out of *url, so that it is
 * never printed. CONFIGURATION where settings ask for something this program does not do (AWS SigV4
 * for the tracking server, authentication plugins), a file cannot be read, or *url is not http(s).
 * A .netrc that cannot be read or understood is left aside with a warning: it has other readers. */
MUST_CHECK int credentials_read(char **url, struct credentials *credentials, struct fail *f);
void credentials_release(struct credentials *credentials);

#endif
