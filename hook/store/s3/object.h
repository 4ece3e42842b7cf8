/* object - one object of an S3 bucket: put, get, has and remove of the store's interface.
 */
#ifndef MODELHOOK_STORE_S3_OBJECT_H
#define MODELHOOK_STORE_S3_OBJECT_H

#include "base/fail.h"
#include "http/types.h"
#include "store/store.h"

MUST_CHECK int s3_put(struct store *s, const struct store_content *content,
	const struct http_body *body, bool *verified, struct fail *f);
MUST_CHECK int s3_get(struct store *s, const char *path, const struct http_sink *sink, bool *found,
	struct fail *f);
MUST_CHECK int s3_has(
	struct store *s, const struct store_content *content, enum store_has *has, struct fail *f);
MUST_CHECK int s3_remove(struct store *s, const char *path, struct fail *f);

#endif
