/* presigned_store - a run's artifacts in S3 without any key of the store: the MLflow server signs
 * an address for each upload and each download, and lists what is there.
 *
 * The addresses are good for minutes, for one object and one method; one that ran out is asked for
 * anew. An artifact goes in one, up to 5 GiB, and is verified by S3's own MD5 of it, else read
 * back. Nothing can be removed that way.
 */
#ifndef MODELHOOK_STORE_MLFLOW_PRESIGNED_STORE_H
#define MODELHOOK_STORE_MLFLOW_PRESIGNED_STORE_H

#include "base/fail.h"
#include "store/store.h"

extern const struct store_kind store_presigned;

/* presigned_or_s3_open - this kind where settings ask for it, or where no credentials for S3 are
 * found, the artifacts are a run's, and its server signs; else S3's own. DENIED where neither is
 * possible. */
MUST_CHECK int presigned_or_s3_open(struct store *store, const char *uri, struct fail *f);

#endif
