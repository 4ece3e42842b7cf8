/* options - the settings of the HTTP client. Plain values; struct settings owns the strings.
 */
#ifndef MODELHOOK_HTTP_OPTIONS_H
#define MODELHOOK_HTTP_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct http_options {
	char *ca_bundle;	  /* a file of CA certificates, or NULL: the distribution's */
	char *client_cert;	  /* PEM with certificate and key, or NULL */
	bool insecure_tls;	  /* MLFLOW_TRACKING_INSECURE_TLS */
	int64_t timeout_ms;	  /* MLFLOW_HTTP_REQUEST_TIMEOUT: no byte moved for so long */
	int64_t max_retries;	  /* MLFLOW_HTTP_REQUEST_MAX_RETRIES */
	double backoff_factor;	  /* seconds, MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR */
	double backoff_jitter;	  /* seconds, MLFLOW_HTTP_REQUEST_BACKOFF_JITTER */
	bool respect_retry_after; /* MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER */
	bool follow_redirects;	  /* MLFLOW_ALLOW_HTTP_REDIRECTS */
};

#endif
