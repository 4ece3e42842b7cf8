/* types - an S3 store, a request to it and its reply.
 */
#ifndef MODELHOOK_STORE_S3_TYPES_H
#define MODELHOOK_STORE_S3_TYPES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/aws_credentials.h"
#include "auth/aws_profile.h"
#include "http/types.h"

#define S3_HEADERS_MAX 20

/* s3_manner - bits of how requests are made (store/s3/manner.h) */
enum s3_manner {
	S3_PLAIN_WRITES = 1,   /* no additional checksums go with what is sent */
	S3_PLAIN_READS = 2,    /* none are asked for */
	S3_SIGNED_PAYLOAD = 4, /* no UNSIGNED-PAYLOAD */
};

/* struct s3 - what the threads of a store share; once the first answer is there, only credentials
 * and manner change */
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
	size_t max_response;
};

/* s3_reply - an answer, and what an error in it is called */
struct s3_reply {
	struct http_response http;
	char code[64]; /* "NoSuchKey"; "" */
	char message[200];
	char region[64]; /* where the bucket is instead; "" */
};

#endif
