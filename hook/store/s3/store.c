/* store_s3 - objects of an S3 bucket: Amazon's, Yandex's, MinIO's, versitygw's, Ceph's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "packaging/digest/base64.h"
#include "packaging/digest/sha256.h"
#include "store/checksum.h"
#include "store/s3/multipart.h"

#define PAGE_MAX ((size_t)16 << 20)

/* List. */

struct listing_page {
	const char *below; /* keys begin with it */
	struct store_listing *listing;
	char *key;
	uint64_t size;
	char *next; /* continuation token */
	bool truncated;
};

static int take_listed(void *context, const char *path, const char *text, struct fail *f)
{
	struct listing_page *page = context;
	if (strcmp(path, "ListBucketResult/Contents/Key") == 0) {
		free(page->key);
		page->key = text_copy(text);
	} else if (strcmp(path, "ListBucketResult/Contents/Size") == 0) {
		page->size = strtoull(text, NULL, 10);
	} else if (strcmp(path, "ListBucketResult/IsTruncated") == 0) {
		page->truncated = strcmp(text, "true") == 0;
	} else if (strcmp(path, "ListBucketResult/NextContinuationToken") == 0) {
		free(page->next);
		page->next = text_copy(text);
	} else if (strcmp(path, "ListBucketResult/Contents") == 0 && page->key != NULL &&
		   text_starts_with(page->key, page->below)) {
		const char *name = page->key + strlen(page->below);
		/* "folder/" alone is how some programs mark a folder */
		if (name[0] != '\0' && !text_ends_with(name, "/"))
			return store_listing_add(page->listing, name, page->size, f);
	}
	return 0;
}

static int list_page(struct store *s, struct listing_page *page, const char *token, struct fail *f)
{
	struct s3_reply reply;
	char *prefix = http_escape_query(page->below);
	char *escaped = token != NULL ? http_escape_query(token) : NULL;
	char *query = escaped != NULL ? text_format("continuation-token=%s&list-type=2&prefix=%s",
						escaped, prefix)
				      : text_format("list-type=2&prefix=%s", prefix);
	struct s3_request request = {.method = "GET", .query = query, .max_answer = PAGE_MAX};
	int result = s3_send(s, &request, &reply, f);
	if (result == 0)
		result = s3_expect(s, &reply, f);
	if (result == 0)
		result = xml_read(reply.http.body.data, reply.http.body.size, take_listed, page, f);
	s3_reply_release(&reply);
	free(query);
	free(escaped);
	free(prefix);
	return result;
}

static int s3_list(
	struct store *s, const char *folder, struct store_listing *listing, struct fail *f)
{
	char *key = s3_key(s->state, folder), *token = NULL;
	char *below = text_format("%s%s", key, key[0] != '\0' ? "/" : "");
	struct listing_page page;
	int result;
	do {
		page = (struct listing_page){.below = below, .listing = listing};
		result = list_page(s, &page, token, f);
		free(page.key);
		free(token);
		token = page.next;
	} while (result == 0 && page.truncated && token != NULL);
	free(token);
	free(below);
	free(key);
	return result;
}

/* Put. */

void s3_md5(const void *bytes, size_t size, char hex[33])
{
	uint8_t digest[MD5_BYTES];
	checksum_md5(bytes, size, digest);
	text_hex(hex, digest, sizeof(digest));
}

char *s3_etag(const struct http_answer *answer)
{
	char *etag = http_answer_header(answer, "ETag");
	size_t size = etag != NULL ? strlen(etag) : 0;
	if (size < 2 || etag[0] != '"' || etag[size - 1] != '"')
		return etag;
	memmove(etag, etag + 1, size - 2);
	etag[size - 2] = '\0';
	return etag;
}

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
static bool is_proven(
	const struct http_answer *answer, const char *sum, const struct http_body *body)
{
	char md5[33];
	char *echoed = http_answer_header(answer, "x-amz-checksum-sha256");
	char *etag = s3_etag(answer);
	bool proven = sum != NULL && text_equal(echoed, sum);
	if (!proven && body->bytes != NULL && etag != NULL) {
		s3_md5(body->bytes, body->size, md5);
		proven = strcmp(etag, md5) == 0;
	}
	free(echoed);
	free(etag);
	return proven;
}

static int s3_put(struct store *s, const struct store_content *content,
	const struct http_body *body, bool *proven, struct fail *f)
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
		s3_add_header(&request, checksum);
		s3_add_header(&request, meta);
	}
	int result = s3_send(s, &request, &reply, f);
	if (result == 0)
		result = s3_expect(s, &reply, f);
	*proven = result == 0 && is_proven(&reply.http, sum, body);
	s3_reply_release(&reply);
	free(sum);
	free(checksum);
	free(meta);
	free(key);
	return result;
}

/* Get, has, remove. */

static int s3_get(struct store *s, const char *path, const struct http_sink *sink, bool *found,
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

/* The digest that was kept with it, by whoever made it whole (store/s3/multipart.h); another size
 * is another object, another digest may be of one whose parts were sent by two. */
int s3_has(
	struct store *s, const struct store_content *content, enum store_has *has, struct fail *f)
{
	struct s3_reply reply;
	char *key = s3_key(s->state, content->path);
	struct s3_request request = {.method = "HEAD", .key = key};
	int result = s3_send(s, &request, &reply, f);
	*has = STORE_HAS_NOT;
	if (result == 0 && reply.http.status != 404)
		result = s3_expect(s, &reply, f);
	if (result == 0 && reply.http.status != 404) {
		char *size = http_answer_header(&reply.http, "Content-Length");
		char *sha256 = http_answer_header(&reply.http, "x-amz-meta-sha256");
		bool same_size = size != NULL && strtoull(size, NULL, 10) == content->size;
		*has = !same_size					       ? STORE_HAS_OTHER
		       : text_equal(sha256, content->sha256) && sha256 != NULL ? STORE_HAS_SAME
									       : STORE_HAS_SOME;
		free(size);
		free(sha256);
	}
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

static int s3_remove(struct store *s, const char *path, struct fail *f)
{
	return store_remove_each(s, path, remove_one, f);
}

const struct store_kind store_s3 = {
	.scheme = "s3",
	.list = s3_list,
	.put = s3_put,
	.get = s3_get,
	.remove = s3_remove,
	.has = s3_has,
	.show = store_show_in_root,
	.release = s3_close,
	.part_min = (size_t)5 << 20,
	.parts_max = 9000,
	.begin = s3_begin,
	.put_part = s3_put_part,
	.finish = s3_finish,
	.abandon = s3_abandon,
};
