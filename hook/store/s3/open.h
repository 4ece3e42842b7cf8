/* open - where an S3 server is and what it is to be told, from the environment.
 *
 * What is read from the environment is what MLflow and boto read: MLFLOW_S3_ENDPOINT_URL,
 * AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, the profile's endpoint_url (the last three unless
 * AWS_IGNORE_CONFIGURED_ENDPOINT_URLS); AWS_DEFAULT_REGION, the profile's region, AWS_REGION;
 * MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE (auto: path style at a named endpoint, the bucket in the
 * host's name at Amazon, but never before a number or where it is no label of a host's name);
 * MLFLOW_S3_IGNORE_TLS, AWS_CA_BUNDLE; MLFLOW_EXPERIMENTAL_S3_SIGNATURE_VERSION;
 * MLFLOW_S3_UPLOAD_EXTRA_ARGS, MLFLOW_S3_EXPECTED_BUCKET_OWNER; AWS_REQUEST_CHECKSUM_CALCULATION
 * and AWS_RESPONSE_CHECKSUM_VALIDATION, or the profile's keys of those names in lower case.
 */
#ifndef MODELHOOK_STORE_S3_OPEN_H
#define MODELHOOK_STORE_S3_OPEN_H

#include "base/fail.h"
#include "store/s3/types.h"
#include "store/store.h"

MUST_CHECK int s3_open(struct store *store, const char *uri, struct fail *f);
void s3_close(struct store *store);

/* s3_find_credentials - *found false: requests have to be signed and no place holds a key, which
 * `why` says; -1: a place that should hold one is broken */
MUST_CHECK int s3_find_credentials(
	struct store *store, bool *found, struct fail *why, struct fail *f);

/* s3_extra_read - the headers that MLFLOW_S3_UPLOAD_EXTRA_ARGS asks for, added to s3->extra */
MUST_CHECK int s3_extra_read(struct s3 *s3, const char *text, struct fail *f);

/* s3_set_region - and the endpoint, where it depends on that */
void s3_set_region(struct s3 *s3, const char *region);

/* s3_key - the key of an object of the store; the caller frees it */
char *s3_key(const struct s3 *s3, const char *path);

#endif
