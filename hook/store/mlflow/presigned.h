/* presigned - requests to addresses that the MLflow server has signed for this call.
 *
 * Whoever has such an address may use it: its query is never shown. No credentials of MLflow's go
 * there; what it has to be sent with came with the address. The stores behind them (S3, Google's,
 * Azure's) name their errors alike.
 */
#ifndef MODELHOOK_STORE_MLFLOW_PRESIGNED_H
#define MODELHOOK_STORE_MLFLOW_PRESIGNED_H

#include "base/fail.h"
#include "base/text.h"
#include "http/types.h"
#include "store/store.h"

#define PRESIGNED_HEADERS_MAX 24

struct json_at;

/* presigned - borrows from what it was unpacked from */
struct presigned {
	const char *url;
	const char *content_type; /* or NULL */
	const char *headers[PRESIGNED_HEADERS_MAX + 1];
};

/* presigned_pack - add an address to `packed`: the string `key` of the object and its "headers", as
 * MLflow answers; NOT_A_REGISTRY where that is no address. Secret: wipe it. */
MUST_CHECK int presigned_pack(
	const struct json_at *object, const char *key, struct text *packed, struct fail *f);
/* presigned_read - an answer that is such an object, packed; the caller gives it to presigned_drop
 */
MUST_CHECK int presigned_read(
	const struct text *body, const char *key, char **packed, struct fail *f);
void presigned_drop(char *packed);
void presigned_unpack(const char *packed, struct presigned *address);

/* presigned_put - *etag: what the store calls the content (etag_strong), or NULL; the
 * caller frees it */
MUST_CHECK int presigned_put(struct store *s, const struct presigned *to,
	const struct http_body *body, char **etag, struct fail *f);
/* presigned_put_summed - the same; *verified: that is the MD5 of what was sent */
MUST_CHECK int presigned_put_summed(struct store *s, const struct presigned *to,
	const struct http_body *body, char **etag, bool *verified, struct fail *f);
/* presigned_get - max_tries: 0, as often as the settings say; *found false: the store has nothing
 * there */
MUST_CHECK int presigned_get(struct store *s, const struct presigned *from,
	const struct http_sink *sink, int max_tries, bool *found, struct fail *f);

#endif
