/* call - one request to an S3 server: where its objects are, how it is signed, what its refusals
 * mean.
 *
 * What is read from the environment is what MLflow and boto read: MLFLOW_S3_ENDPOINT_URL,
 * AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, the profile's endpoint_url (the last three unless
 * AWS_IGNORE_CONFIGURED_ENDPOINT_URLS); AWS_DEFAULT_REGION, the profile's region, AWS_REGION;
 * MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE (auto: path style at a named endpoint, the bucket in the
 * host's name at Amazon, but never before a number or where it is no label of a host's name);
 * MLFLOW_S3_IGNORE_TLS, AWS_CA_BUNDLE; MLFLOW_EXPERIMENTAL_S3_SIGNATURE_VERSION;
 * MLFLOW_S3_UPLOAD_EXTRA_ARGS, MLFLOW_S3_EXPECTED_BUCKET_OWNER; AWS_REQUEST_CHECKSUM_CALCULATION
 * and AWS_RESPONSE_CHECKSUM_VALIDATION, or the profile's keys of those names in lower case.
 *
 * A store that says with its first answer that the bucket is in another region is believed, and
 * asked again there.
 */
#ifndef MODELHOOK_STORE_S3_CALL_H
#define MODELHOOK_STORE_S3_CALL_H

#include <stdatomic.h>

#include "auth/aws_credentials.h"
#include "http/types.h"
#include "store/store.h"

#define S3_HEADERS_MAX 20

/* s3_manner - bits of how requests are made (store/s3/manner.h) */
enum s3_manner {
	S3_PLAIN_WRITES = 1,   /* no additional checksums go with what is sent */
	S3_PLAIN_READS = 2,    /* none are asked for */
	S3_SIGNED_PAYLOAD = 4, /* no UNSIGNED-PAYLOAD */
};

/* struct s3 - what a store's lanes share; once the first answer is there, only credentials and
 * manner change */
struct s3 {
	char *bucket;
	char *prefix;	/* of keys, no slash at its end; "" */
	char *endpoint; /* "https://host[:port]", the bucket in it unless path_style */
	bool path_style;
	bool at_amazon;	    /* the endpoint is made of the region, none was named */
	bool settled;	    /* the first answer is there */
	bool is_unsigned;   /* nothing is signed: public buckets */
	bool trusts_wire;   /* TLS, or this very machine: the payload need not be signed too */
	atomic_uint manner; /* what was learnt of it */
	char *region;
	char *extra[S3_HEADERS_MAX]; /* headers of every object that is made */
	size_t extra_count;
	char *owner; /* header x-amz-expected-bucket-owner, or NULL */
	struct aws_profile profile;
	struct aws_credentials credentials;
};

MUST_CHECK int s3_open(struct store *store, const char *uri, struct fail *f);
void s3_close(struct store *store);

/* s3_extra_read - the headers that MLFLOW_S3_UPLOAD_EXTRA_ARGS asks for, added to s3->extra */
MUST_CHECK int s3_extra_read(struct s3 *s3, const char *text, struct fail *f);

/* s3_set_region - and the endpoint, where it depends on that */
void s3_set_region(struct s3 *s3, const char *region);

/* s3_key - the key of an object of the store; the caller frees it */
char *s3_key(const struct s3 *s3, const char *path);

/* s3_request - headers are more "name: value" lines in lower case, borrowed; sha256 is the
 * payload's digest, NULL where it need not be signed. key NULL: the bucket. query: canonical, or
 * NULL. checksum: one more header, which only a server with additional checksums takes, or NULL. */
struct s3_request {
	const char *method;
	const char *key;
	const char *query;
	const char *headers[S3_HEADERS_MAX];
	size_t header_count;
	bool makes_object; /* the extra headers go along */
	const char *checksum;
	bool asks_checksum; /* x-amz-checksum-mode goes along, where the server takes it */
	const char *sha256;
	struct http_body body;
	const struct http_sink *sink;
	size_t max_answer;
};

void s3_add_header(struct s3_request *request, const char *line);

/* s3_reply - an answer, and what an error in it is called */
struct s3_reply {
	struct http_response http;
	char code[64]; /* "NoSuchKey"; "" */
	char message[200];
	char region[64]; /* where the bucket is instead; "" */
};

/* s3_send - any answer is a reply (0) */
MUST_CHECK int s3_send(struct store *store, const struct s3_request *request,
	struct s3_reply *reply, struct fail *f);

/* s3_expect - 0 for a 2xx that holds no error, else the failure */
MUST_CHECK int s3_expect(struct store *store, const struct s3_reply *reply, struct fail *f);

void s3_reply_release(struct s3_reply *reply);

/* s3_page - one page of a list of objects; owns key and next until s3_page_release */
struct s3_page {
	const char *below; /* keys begin with it */
	struct store_listing *listing;
	char *key; /* the last one read */
	uint64_t size;
	char *next; /* continuation token */
	bool truncated;
};
MUST_CHECK int s3_page_read(const struct text *body, struct s3_page *page, struct fail *f);
void s3_page_release(struct s3_page *page);

/* s3_reply_read - what an error in the answer is called; has_sink: a 2xx body is not in it */
void s3_reply_read(struct s3_reply *reply, bool has_sink);

/* s3_reply_status - what it means that this is no success */
enum status s3_reply_status(const struct s3_reply *reply);

extern const struct store_kind store_s3;

#endif
