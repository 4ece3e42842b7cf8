/* call - one request to an S3 server: where its objects are, how it is signed, what its refusals
 * mean.
 *
 * A store that says with its first answer that the bucket is in another region is believed, and
 * asked again there.
 */
#ifndef MODELHOOK_STORE_S3_CALL_H
#define MODELHOOK_STORE_S3_CALL_H

#include "base/fail.h"
#include "store/s3/types.h"
#include "store/store.h"

void s3_add_header(struct s3_request *request, const char *line);

/* s3_send - any answer is a reply (0) */
MUST_CHECK int s3_send(struct store *store, const struct s3_request *request,
	struct s3_reply *reply, struct fail *f);

/* s3_expect - 0 for a 2xx that holds no error, else the failure */
MUST_CHECK int s3_expect(struct store *store, const struct s3_reply *reply, struct fail *f);

void s3_reply_release(struct s3_reply *reply);

/* s3_reply_read - what an error in the answer is called; has_sink: a 2xx body is not in it */
void s3_reply_read(struct s3_reply *reply, bool has_sink);

/* s3_refuse - fill f from a reply that is no success: "WHO: answers STATUS ..."; returns -1 */
int s3_refuse(const struct s3_reply *reply, const char *who, struct fail *f);

#endif
