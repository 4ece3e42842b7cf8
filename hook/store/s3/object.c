#include "store/s3/object.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/panic.h"
#include "base/text.h"
#include "http/response.h"
#include "packaging/digest/base64.h"
#include "packaging/digest/sha256.h"
#include "store/checksum.h"
#include "store/etag.h"
#include "store/s3/call.h"
#include "store/s3/open.h"
#include "store/s3/types.h"

/* Put. */

static char *base64_of_hex(const char *hex)
{
	uint8_t bytes[SHA256_BYTES];
	for (size_t i = 0; i < sizeof(bytes); i++) {
		unsigned byte;
		INVARIANT(sscanf(hex + 2 * i, "%2x", &byte) == 1);
		bytes[i] = (uint8_t)byte;
	}
	return base64_encode(bytes, sizeof(bytes));
}

/* Some servers take a digest and do not look at it: what they echo, or made themselves, counts. */
static bool is_verified(
	const struct http_response *response, const char *sum, const struct http_body *body)
{
	uint8_t md5[MD5_BYTES];
	char *echoed = http_response_header(response, "x-amz-checksum-sha256");
	char *etag = http_response_header(response, "ETag");
	bool verified = sum != NULL && text_equal(echoed, sum);
	if (!verified && body->bytes != NULL && etag_looks_like_md5(etag)) {
		checksum_md5(body->bytes, (size_t)body->size, md5);
		verified = etag_is_md5(etag, md5);
	}
	free(echoed);
	free(etag);
	return verified;
}

int s3_put(struct store *s, const struct store_content *content, const struct http_body *body,
	bool *verified, struct fail *f)
{
	struct s3_reply reply;
	char *key = s3_key(s->state, content->path);
	struct s3_request request = {.method = "PUT",
		.key = key,
		.makes_object = true,
		.sha256 = content->sha256,
		.body = *body};
	char *sum = content->sha256 != NULL ? base64_of_hex(content->sha256) : NULL;
	char *checksum = text_format("x-amz-checksum-sha256: %s", sum);
	char *meta = text_format("x-amz-meta-sha256: %s", content->sha256);
	if (content->sha256 != NULL) {
		request.checksum = checksum;
		s3_add_header(&request, meta);
	}
	int result = s3_send(s, &request, &reply, f);
	if (result == 0)
		result = s3_expect(s, &reply, f);
	*verified = result == 0 && is_verified(&reply.http, sum, body);
	s3_reply_release(&reply);
	free(sum);
	free(checksum);
	free(meta);
	free(key);
	return result;
}

/* Get, has, remove. */

int s3_get(struct store *s, const char *path, const struct http_sink *sink, bool *found,
	struct fail *f)
{
	struct s3_reply reply;
	char *key = s3_key(s->state, path);
	struct s3_request request = {.method = "GET", .key = key, .sink = sink};
	int result = s3_send(s, &request, &reply, f);
	bool missing =
		result == 0 && reply.http.status == 404 && strcmp(reply.code, "NoSuchBucket") != 0;
	*found = result == 0 && !missing;
	if (*found)
		result = s3_expect(s, &reply, f);
	s3_reply_release(&reply);
	free(key);
	return result;
}

/* The SHA-256 that the store computed of the whole, or the one that was kept with it, by whoever
 * made it whole (store/s3/multipart.h); another size is another object, another digest that was
 * kept may be of one whose parts were sent by two. */
static enum store_has has_by_head(
	const struct http_response *response, const struct store_content *content)
{
	char *size = http_response_header(response, "Content-Length");
	char *computed = http_response_header(response, "x-amz-checksum-sha256");
	char *kept = http_response_header(response, "x-amz-meta-sha256");
	char *wanted = content->sha256 != NULL ? base64_of_hex(content->sha256) : NULL;
	bool of_whole = computed != NULL && strchr(computed, '-') == NULL; /* "-N": of its parts */
	enum store_has has = STORE_HAS_SOME;
	if (size == NULL || strtoull(size, NULL, 10) != content->size)
		has = STORE_HAS_OTHER;
	else if (wanted != NULL && of_whole)
		has = strcmp(computed, wanted) == 0 ? STORE_HAS_SAME : STORE_HAS_OTHER;
	else if (wanted != NULL && text_equal(kept, content->sha256))
		has = STORE_HAS_SAME;
	free(size);
	free(computed);
	free(kept);
	free(wanted);
	return has;
}

int s3_has(
	struct store *s, const struct store_content *content, enum store_has *has, struct fail *f)
{
	struct s3_reply reply;
	char *key = s3_key(s->state, content->path);
	struct s3_request request = {.method = "HEAD", .key = key, .asks_checksum = true};
	int result = s3_send(s, &request, &reply, f);
	*has = STORE_HAS_NOT;
	if (result == 0 && reply.http.status != 404)
		result = s3_expect(s, &reply, f);
	if (result == 0 && reply.http.status != 404)
		*has = has_by_head(&reply.http, content);
	s3_reply_release(&reply);
	free(key);
	return result;
}

static int remove_one(struct store *s, const char *path, struct fail *f)
{
	struct s3_reply reply;
	char *key = s3_key(s->state, path);
	struct s3_request request = {.method = "DELETE", .key = key};
	int result = s3_send(s, &request, &reply, f);
	if (result == 0 && reply.http.status != 404)
		result = s3_expect(s, &reply, f);
	s3_reply_release(&reply);
	free(key);
	return result;
}

int s3_remove(struct store *s, const char *path, struct fail *f)
{
	return store_remove_each(s, path, remove_one, f);
}
