/* call - one request to Google Cloud Storage by its JSON API: where objects are, what is sent
 * along, what its refusals mean.
 *
 * STORAGE_EMULATOR_HOST and API_ENDPOINT_OVERRIDE name another endpoint, as they do for Google's
 * client: the first is sent no credentials, the second is.
 */
#ifndef MODELHOOK_STORE_GS_CALL_H
#define MODELHOOK_STORE_GS_CALL_H

#include "auth/google_credentials.h"
#include "base/fail.h"
#include "http/types.h"
#include "store/store.h"

/* struct gs - what the threads of a store share */
struct gs {
	char *bucket;
	char *prefix;	/* of names, no slash at its end; "" */
	char *endpoint; /* "https://storage.googleapis.com" */
	struct google_credentials credentials;
};

MUST_CHECK int gs_open(struct store *store, const char *uri, struct fail *f);
void gs_close(struct store *store);

/* gs_name - the full name of an object of the store; the caller frees it */
char *gs_name(const struct gs *gs, const char *path);

/* gs_request - name NULL: the bucket's list of objects. What is behind it: "/compose", or NULL */
struct gs_request {
	const char *method;
	const char *name;
	const char *behind;
	const char *query; /* or NULL */
	bool is_upload;	   /* to the address of uploads */
	const char *content_type;
	struct http_body body;
	const struct http_sink *sink;
};

/* gs_send - any answer is an answer (0). A token that is refused is fetched anew, once. */
MUST_CHECK int gs_send(struct store *store, const struct gs_request *request,
	struct http_response *response, struct fail *f);

/* gs_message_read - what an answer that is no success says, escaped; "" */
void gs_message_read(const struct http_response *response, char *out, size_t size);

/* gs_expect - 0 for a 2xx, else the failure */
MUST_CHECK int gs_expect(struct store *store, const struct http_response *response, struct fail *f);

/* gs_delete - objects by their full names, several at once; those that are gone are fine */
MUST_CHECK int gs_delete(struct store *store, char *const *names, size_t count, struct fail *f);

#endif
