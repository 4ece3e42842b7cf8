/* call - one request to Google Cloud Storage by its JSON API: where objects are, what is sent
 * along, what its refusals mean.
 *
 * STORAGE_EMULATOR_HOST and API_ENDPOINT_OVERRIDE name another endpoint, as they do for Google's
 * client: the first is sent no credentials, the second is.
 */
#ifndef MODELHOOK_STORE_GS_CALL_H
#define MODELHOOK_STORE_GS_CALL_H

#include "auth/google_credentials.h"
#include "http/types.h"
#include "packaging/json/json.h"
#include "store/store.h"

/* struct gs - what a store's lanes share */
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

/* gs_object - what the store says of an object; owned strings, NULL where it says nothing */
struct gs_object {
	char *name;
	uint64_t size;
	char *crc32c;	    /* base64, computed by the store */
	char *sha256;	    /* kept with it by whoever made it ... */
	char *meant_crc32c; /* ... with the checksum that it was to have */
};

/* gs_object_take - of its JSON; absent members are left NULL */
void gs_object_take(const struct json_at *json, struct gs_object *object);
MUST_CHECK int gs_object_read(
	const struct http_response *response, struct gs_object *object, struct fail *f);
void gs_object_release(struct gs_object *object);

/* gs_list_names - every object whose name begins with `below`; each gets it as the store says it,
 * borrowed. -1 with f filled ends it. */
typedef int gs_list_function(void *context, const struct gs_object *object, struct fail *f);
MUST_CHECK int gs_list_names(struct store *store, const char *below, gs_list_function *each,
	void *context, struct fail *f);

/* gs_page_read - one page of it; *next is the token of the next one, the caller frees it */
MUST_CHECK int gs_page_read(const struct http_response *response, gs_list_function *each,
	void *context, char **next, struct fail *f);

/* gs_delete - objects by their full names, several at once; those that are gone are fine */
MUST_CHECK int gs_delete(struct store *store, char *const *names, size_t count, struct fail *f);

/* gs_delete_below - every object whose name begins with it */
MUST_CHECK int gs_delete_below(struct store *store, const char *below, struct fail *f);

/* gs_upload - one object in one request, its checksum compared: before, where the body is bytes, by
 * the store too. sha256 is kept with it, or NULL; *crc: that of the bytes; *proven: the store has
 * them. */
MUST_CHECK int gs_upload(struct store *store, const char *name, const char *sha256,
	const struct http_body *body, uint32_t *crc, bool *proven, struct fail *f);

extern const struct store_kind store_gs;

#endif
