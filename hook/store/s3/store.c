/* store_s3 - objects of an S3 bucket: Amazon's, Yandex's, MinIO's, versitygw's, Ceph's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/response.h"
#include "http/url.h"
#include "packaging/digest/base64.h"
#include "packaging/digest/sha256.h"
#include "store/checksum.h"
#include "store/etag.h"
#include "store/pages.h"
#include "store/s3/multipart.h"

#define PAGE_MAX ((size_t)6 << 20) /* a thousand keys of 1024 bytes, all escaped */

/* List. */

static int take_listed(void *context, const char *path, const char *text, struct fail *f)
{
	struct s3_page *page = context;
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

int s3_page_read(const struct text *body, struct s3_page *page, struct fail *f)
{
	return xml_read(body->data, body->size, take_listed, page, f);
}

void s3_page_release(struct s3_page *page)
{
	free(page->key);
	free(page->next);
	page->key = page->next = NULL;
}

/* Where the next page begins: after a token; or after a key, for a server that gives no tokens,
 * as the second version of the call and the first have it. */
struct listing_place {
	char *token;
	char *key;
};

static char *list_query(const struct listing_place *place, const char *below)
{
	char *prefix = http_escape_query(below);
	char *token = http_escape_query(place->token != NULL ? place->token : "");
	char *key = http_escape_query(place->key != NULL ? place->key : "");
	char *query =
		place->token != NULL
			? text_format("continuation-token=%s&list-type=2&prefix=%s", token, prefix)
		: place->key != NULL ? text_format("list-type=2&marker=%s&prefix=%s&start-after=%s",
					       key, prefix, key)
				     : text_format("list-type=2&prefix=%s", prefix);
	free(prefix);
	free(token);
	free(key);
	return query;
}

static int list_page(
	struct store *s, struct s3_page *page, const struct listing_place *place, struct fail *f)
{
	struct s3_reply reply;
	char *query = list_query(place, page->below);
	struct s3_request request = {.method = "GET", .query = query, .max_answer = PAGE_MAX};
	int result = s3_send(s, &request, &reply, f);
	if (result == 0)
		result = s3_expect(s, &reply, f);
	if (result == 0)
		result = s3_page_read(&reply.http.body, page, f);
	s3_reply_release(&reply);
	free(query);
	return result;
}

/* Whether there is a page behind this one: then place is where. */
static bool next_place(struct listing_place *place, struct s3_page *page)
{
	bool token = page->next != NULL && page->next[0] != '\0';
	char **from = token ? &page->next : &page->key;
	free(place->token);
	free(place->key);
	*place = (struct listing_place){token ? *from : NULL, token ? NULL : *from};
	*from = NULL;
	return page->truncated && (place->token != NULL || place->key != NULL);
}

static int s3_list(
	struct store *s, const char *folder, struct store_listing *listing, struct fail *f)
{
	char *key = s3_key(s->state, folder);
	char *below = text_format("%s%s", key, key[0] != '\0' ? "/" : "");
	struct listing_place place = {0};
	struct store_pages pages = {0};
	bool more = true;
	int result = 0;
	while (result == 0 && more) {
		struct s3_page page = {.below = below, .listing = listing};
		result = list_page(s, &page, &place, f);
		more = next_place(&place, &page);
		s3_page_release(&page);
		if (result == 0 && more)
			result = store_pages_go_on(
				&pages, place.token != NULL ? place.token : place.key, f);
	}
	store_pages_release(&pages);
	free(place.token);
	free(place.key);
	free(below);
	free(key);
	return result;
}

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
static bool is_proven(
	const struct http_response *response, const char *sum, const struct http_body *body)
{
	uint8_t md5[MD5_BYTES];
	char *echoed = http_response_header(response, "x-amz-checksum-sha256");
	char *etag = http_response_header(response, "ETag");
	bool proven = sum != NULL && text_equal(echoed, sum);
	if (!proven && body->bytes != NULL && etag_looks_like_md5(etag)) {
		checksum_md5(body->bytes, (size_t)body->size, md5);
		proven = etag_is_md5(etag, md5);
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
		request.checksum = checksum;
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
