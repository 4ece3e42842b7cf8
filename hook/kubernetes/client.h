/* client - requests to the API server of one cluster.
 *
 * A token that lies in a file is read again each minute, one that a program prints before it
 * expires; either once more where the server answers 401, because a token may have been renewed
 * or withdrawn meanwhile. Where a file cannot be read, the token that was read last goes on.
 *
 * A status is turned into a failure with the server's own message: 401 and 403 are DENIED, 404 is
 * CONFIGURATION (an object that the settings name is missing), 409, 429 and 5xx are LATER, as is a
 * server that cannot be reached; all others are NOT_SERVED.
 */
#ifndef MODELHOOK_KUBERNETES_CLIENT_H
#define MODELHOOK_KUBERNETES_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/fail.h"
#include "http/http.h"
#include "http/proxy.h"
#include "kubernetes/access.h"
#include "kubernetes/exec.h"
#include "kubernetes/options.h"
#include "packaging/json/json.h"

/* struct kubernetes - owns all but the options; must not be moved once opened */
struct kubernetes {
	const struct kubernetes_options *options;
	struct kubernetes_access access;
	struct kubernetes_credential credential; /* as read last */
	int64_t read_at;			 /* when, on the monotonic clock; 0: never */
	char *origin;				 /* of the server */
	char *login_origin;			 /* of the URLs */
	char *base;	  /* of all URLs: the server, by the name in its certificate */
	char *connect_to; /* where that name is not the host; else NULL */
	char *host_line;  /* with it */
	struct http_proxy proxy;
	struct http_options http_options;
	struct http_login login;
	struct http http;
	int64_t server_ms; /* the server's clock at its last answer, since 1970; 0: not known */
};

/* kubernetes_open - find the cluster and its credentials; sends nothing. Of `http` the timeouts and
 * retries are taken; whom to trust says the kubeconfig. Failures as kubernetes_access_find. May be
 * released whatever the result. */
MUST_CHECK int kubernetes_open(struct kubernetes *kubernetes,
	const struct kubernetes_options *options, const struct http_options *http,
	struct deadline deadline, struct fail *f);
void kubernetes_release(struct kubernetes *kubernetes);

/* struct kubernetes_request - borrowed */
struct kubernetes_request {
	const char *method;
	const char *path; /* from the root on, percent-encoded, with its query */
	const char *what; /* for messages: "deployment/fish-api" */
	const char *content_type;
	const char *body; /* or NULL */
	int max_tries;	  /* 0: as often as the settings say */
};

/* kubernetes_send - send it; 0: response is filled, any status. Release it whatever the result. */
MUST_CHECK int kubernetes_send(struct kubernetes *kubernetes,
	const struct kubernetes_request *request, struct http_response *response, struct fail *f);

/* kubernetes_check - whether the status is 2xx; -1 as said above, f->http is the status */
MUST_CHECK int kubernetes_check(const struct kubernetes *kubernetes,
	const struct kubernetes_request *request, const struct http_response *response,
	struct fail *f);

/* kubernetes_ask - send, check, and read the answer, which the caller gives to json_release */
MUST_CHECK int kubernetes_ask(struct kubernetes *kubernetes,
	const struct kubernetes_request *request, struct cJSON **answer, struct fail *f);

/* kubernetes_url - the URL of a path; the caller frees it */
char *kubernetes_url(const struct kubernetes *kubernetes, const char *path);

/* kubernetes_message - the message of the Status object that the API server answers a refused
 * request with, else the beginning of the text; the caller frees it */
char *kubernetes_message(const char *text, size_t size);

#endif
