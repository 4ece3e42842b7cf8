/* settings - everything that can be set, from one table of options: flags, then environment, then
 * modelhook.json.
 *
 * settings.c holds the table (name, flag, variable, key, kind, help); help, the configuration file
 * and the environment are read by it, so that none of the three can differ from the others. Owns
 * its strings. Secrets (see credentials.h) are not settings: they are read from where MLflow reads
 * them.
 */
#ifndef MODELHOOK_SETTINGS_H
#define MODELHOOK_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"

struct gate; /* gate.h */

enum promote_by {
	PROMOTE_BY_SERVER, /* what the server has: stages and aliases */
	PROMOTE_BY_STAGE,
	PROMOTE_BY_ALIAS,
	PROMOTE_BY_BOTH,
};

enum policy {
	POLICY_PRODUCTION, /* promote what passes the gates */
	POLICY_STAGING,	   /* stop at Staging */
	POLICY_NONE,	   /* register and stop */
};

struct settings {
	char *tracking_uri;    /* http(s)://host[:port][/prefix], no trailing slash */
	char *registry_uri;    /* the tracking URI unless given */
	char *workspace;       /* MLFLOW_WORKSPACE, or NULL */
	char *config_path;     /* --config, or NULL */
	char *result_path;     /* --result, or NULL */
	char *spool;	       /* folder; NULL: .modelhook beside the handoff */
	char *output_path;     /* -o */
	char *override_reason; /* --override */
	char *ca_bundle;       /* a file of CA certificates, or NULL: the distribution's */
	char *client_cert;     /* PEM with certificate and key, or NULL */
	bool insecure_tls;     /* MLFLOW_TRACKING_INSECURE_TLS */
	bool json;
	bool plan;
	bool quiet;
	bool yes;
	bool allow_nonfinite;
	int64_t deadline_ms;	  /* of the whole command, 0 = none */
	int64_t timeout_ms;	  /* MLFLOW_HTTP_REQUEST_TIMEOUT: no byte moved for so long */
	int64_t max_retries;	  /* MLFLOW_HTTP_REQUEST_MAX_RETRIES */
	double backoff_factor;	  /* seconds, MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR */
	double backoff_jitter;	  /* seconds, MLFLOW_HTTP_REQUEST_BACKOFF_JITTER */
	bool respect_retry_after; /* MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER */
	bool follow_redirects;	  /* MLFLOW_ALLOW_HTTP_REDIRECTS */
	enum promote_by promote_by;
	enum policy policy;
	struct gate *gates;
	size_t gate_count;
};

#endif
