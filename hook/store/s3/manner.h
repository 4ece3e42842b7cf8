/* manner - what an S3 server that is not Amazon's does not take, learnt from its answers.
 *
 * Additional checksums (x-amz-checksum-*, Amazon's since 2022) and UNSIGNED-PAYLOAD are refused by
 * some servers, each with an error of its own. A request that one of them may be the cause of is
 * sent again without; what helped is kept for the rest of the run. Without checksums of its own an
 * object goes with its Content-MD5, and is verified by its ETag or read back.
 */
#ifndef MODELHOOK_STORE_S3_MANNER_H
#define MODELHOOK_STORE_S3_MANNER_H

#include "base/fail.h"
#include "store/s3/types.h"

/* s3_manner_open - what AWS_REQUEST_CHECKSUM_CALCULATION, AWS_RESPONSE_CHECKSUM_VALIDATION and the
 * profile say (when_supported, when_required); CONFIGURATION for anything else, as boto has it */
MUST_CHECK int s3_manner_open(struct s3 *s3, struct fail *f);

/* s3_manner_choices - what of the manner, a combination of s3_manner bits, a request leaves open to
 * be done otherwise */
unsigned s3_manner_choices(const struct s3 *s3, const struct s3_request *request, unsigned manner);

/* s3_manner_next - whether the reply may be due to the manner in which it was sent, and one of the
 * choices is not tried yet: then that is in *manner */
bool s3_manner_next(unsigned choices, const struct s3_reply *reply, unsigned *manner);

/* s3_manner_keep - it helped */
void s3_manner_keep(struct s3 *s3, unsigned manner, const struct s3_reply *refusal);

/* s3_manner_is_refused - whether an answer may tell that a request's form is not taken */
bool s3_manner_is_refused(const struct s3_reply *reply);

#endif
