/* credentials - who we are for the MLflow server, read as MLflow's Python client reads it.
 *
 * Order: a ~/.netrc (or NETRC) entry of the host; user and password
 * (MLFLOW_TRACKING_USERNAME/_PASSWORD, each field else from ~/.mlflow/credentials, INI section
 * [mlflow]); MLFLOW_TRACKING_TOKEN as Bearer. User information inside the URL is Basic and beats a
 * token. All secrets live here, are never logged, and are wiped by credentials_release.
 */
#ifndef MODELHOOK_CREDENTIALS_H
#define MODELHOOK_CREDENTIALS_H

#include "base/fail.h"

struct credentials {
	char *origin;	     /* scheme://host:port that they are for, no other gets them */
	char *authorization; /* the value of the Authorization header, or NULL */
	const char *kind;    /* "none", "netrc", "user and password", "token", "URL": for doctor */
	char *user;	     /* for doctor; or NULL */
};

/* credentials_read - for the server at url; user information is cut out of *url, so that it is
 * never printed. CONFIGURATION where settings ask for something this program does not do (AWS SigV4
 * for the tracking server, authentication plugins) or a file cannot be read. */
MUST_CHECK int credentials_read(char **url, struct credentials *credentials, struct fail *f);
void credentials_release(struct credentials *credentials);

#endif
