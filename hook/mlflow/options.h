/* options - the settings of the MLflow client. Plain values; struct settings owns the strings.
 */
#ifndef MODELHOOK_MLFLOW_OPTIONS_H
#define MODELHOOK_MLFLOW_OPTIONS_H

#include <stdbool.h>

struct mlflow_options {
	char *tracking_uri;    /* as given, until tracking_uri_settle (mlflow/tracking_uri.h) */
	char *registry_uri;    /* the tracking URI unless given */
	char *header_file;     /* --header-file, or NULL */
	char *service_account; /* --service-account, or NULL */
	char *workspace;       /* MLFLOW_WORKSPACE, or NULL */
	bool plan;	       /* --plan: no write is sent */
};

#endif
