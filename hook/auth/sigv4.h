/* sigv4 - AWS Signature Version 4 of a request, in its headers.
 *
 * After AWS's "Signature Version 4 signing process": the canonical request (method, path, query,
 * headers, digest of the payload) is hashed, and its digest signed with a key that is derived from
 * the secret, the day, the region and the service. For S3 the path is
 * encoded once, for all others twice. Secrets that are derived on the way are wiped.
 */
#ifndef MODELHOOK_AUTH_SIGV4_H
#define MODELHOOK_AUTH_SIGV4_H

#include <stddef.h>
#include <stdint.h>

#define SIGV4_UNSIGNED "UNSIGNED-PAYLOAD"

/* sigv4_keys - borrowed secrets */
struct sigv4_keys {
	const char *access_key;
	const char *secret_key;
	const char *session_token; /* or NULL */
};

struct sigv4_scope {
	const char *region;
	const char *service; /* "s3" */
	int64_t now_ms;
};

/* sigv4_request - headers are "name: value" lines with lower-case names, NULL-terminated, at most
 * SIGV4_HEADERS_MAX: all of them are signed. The URL's path is percent-encoded, its query is
 * made canonical here. */
#define SIGV4_HEADERS_MAX 24
struct sigv4_request {
	const char *method;
	const char *url;
	const char *const *headers;
	const char *payload; /* hex SHA-256 of the body, or SIGV4_UNSIGNED */
};

/* sigv4_signed - the lines to send: x-amz-date, x-amz-content-sha256, x-amz-security-token where
 * there is one, authorization; handed over in lines, which sigv4_lines_release wipes and frees */
struct sigv4_lines {
	char *lines[4];
	size_t count;
};
void sigv4_sign(const struct sigv4_keys *keys, const struct sigv4_scope *scope,
	const struct sigv4_request *request, struct sigv4_lines *signed_lines);
void sigv4_lines_release(struct sigv4_lines *lines);

#endif
