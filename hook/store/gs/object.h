/* object - what Google Cloud Storage says of objects, and how one is sent.
 */
#ifndef MODELHOOK_STORE_GS_OBJECT_H
#define MODELHOOK_STORE_GS_OBJECT_H

#include "base/fail.h"
#include "http/types.h"
#include "packaging/json/json.h"
#include "store/store.h"

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

/* gs_object_digest - the SHA-256 that was kept with it, where it counts; else NULL. Borrowed. */
const char *gs_object_digest(const struct gs_object *object);

MUST_CHECK int gs_has(
	struct store *s, const struct store_content *content, enum store_has *has, struct fail *f);

/* gs_list_names - every object whose name begins with `below`; each gets it as the store says it,
 * borrowed. -1 with f filled ends it. */
typedef int gs_list_function(void *context, const struct gs_object *object, struct fail *f);
MUST_CHECK int gs_list_names(struct store *store, const char *below, gs_list_function *each,
	void *context, struct fail *f);

/* gs_page_read - one page of it; *next is the token of the next one, the caller frees it */
MUST_CHECK int gs_page_read(const struct http_response *response, gs_list_function *each,
	void *context, char **next, struct fail *f);

/* gs_delete_below - every object whose name begins with it */
MUST_CHECK int gs_delete_below(struct store *store, const char *below, struct fail *f);

/* gs_upload - one object in one request, its checksum compared: before, where the body is bytes, by
 * the store too. sha256 is kept with it, or NULL; *crc: that of the bytes; *verified: the store has
 * them. */
MUST_CHECK int gs_upload(struct store *store, const char *name, const char *sha256,
	const struct http_body *body, uint32_t *crc, bool *verified, struct fail *f);

#endif
