/* service - a service that is reloaded over HTTP: how an entry of "deploy" names it, and requests
 * to it.
 *
 *   {"url": "http://triton:8000", "headers": {"Authorization": "Bearer {secret}"},
 *    "secret_file": "/run/secrets/triton", "ca_file": "ca.pem"}
 *
 * Placeholders (deploy/values.h) stand in the URL and in values of headers; "{secret}" in a header
 * is what secret_file or the environment variable secret_variable holds. Plain http and private
 * addresses are fine: a service mostly has nothing else. Nothing of what MLflow is told, neither
 * its login nor its client certificate, goes to a service. Paths are relative to the directory of
 * modelhook.json.
 */
#ifndef MODELHOOK_DEPLOY_SERVICE_H
#define MODELHOOK_DEPLOY_SERVICE_H

#include "base/fail.h"
#include "base/secret_source.h"
#include "deploy/types.h"
#include "http/types.h"
#include "packaging/json/json.h"

/* The keys of a service, for the list of a kind. */
#define SERVICE_KEYS "url", "headers", "secret_file", "secret_variable", "ca_file"

/* struct service - as written; owns all. {0} names none. */
struct service {
	char *url;
	char **headers; /* "Name: pattern" */
	size_t header_count;
	struct secret_source secret;
	char *ca_file;
};

/* service_parse - its keys of object; *service is released by the caller whatever the result.
 * UNACCEPTABLE by key. */
MUST_CHECK int service_parse(
	const struct json_at *object, const char *folder, struct service *service, struct fail *f);
void service_release(struct service *service);

/* struct service_client - a connection for one reload; owns all but the login of its http, which a
 * kind may set. Must not be moved. */
struct service_client {
	struct http http;
	char *url;
	char **lines; /* of headers, NULL-terminated */
	char *secret; /* NULL: the service names none */
	bool loads;   /* the service answers when it has loaded: silence is no failure, and a 500 is
		       * its verdict on the model */
	struct http_options options; /* of http, its own copy */
	int max_tries;		     /* of each request; 0: as often as the settings say */
};

/* service_open - CONFIGURATION where the secret cannot be read. Can be released whatever the
 * result. */
MUST_CHECK int service_open(struct service_client *client, const struct service *service,
	const struct deploy_call *call, struct fail *f);
void service_close(struct service_client *client);

/* service_send - path: behind the URL, or ""; body: JSON, or NULL. Any status is an answer
 * (http/http.h). */
MUST_CHECK int service_send(struct service_client *client, const char *method, const char *path,
	const char *body, struct http_response *response, struct fail *f);

/* service_check - 0 for a 2xx; 401 and 403 are DENIED, transient statuses LATER, any other
 * NOT_SERVED, with what the service says */
MUST_CHECK int service_check(const struct service_client *client, const char *path,
	const struct http_response *response, struct fail *f);

/* service_says - what an error body says, as one printable line that may be empty: the text of
 * "error", "message" or "detail" of an object, the title of a page, the text itself */
void service_says(const struct http_response *response, char *line, size_t size);

#endif
