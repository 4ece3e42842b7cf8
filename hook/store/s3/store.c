#include "store/s3/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/page_tokens.h"
#include "http/response.h"
#include "http/url.h"
#include "packaging/digest/base64.h"
#include "packaging/digest/sha256.h"
#include "store/checksum.h"
#include "store/etag.h"
#include "store/s3/call.h"
#include "store/s3/multipart.h"
#include "store/s3/object.h"
#include "store/s3/open.h"
#include "store/s3/types.h"

#define PAGE_MAX ((size_t)6 << 20) /* a thousand keys of 1024 bytes, all escaped */

/* List. */

static int take_object(struct s3_page *page, struct fail *f)
{
	const char *name = page->key;
	char *etag = page->etag;
	int result = 0;
	page->etag = NULL;
	if (name != NULL && text_starts_with(name, page->below)) {
		name += strlen(page->below);
		/* "folder/" alone is how some programs mark a folder */
		if (name[0] != '\0' && !text_ends_with(name, "/"))
			result = store_listing_add(page->listing, name, page->size, etag, f);
	}
	free(etag);
	return result;
}

static int take_listed(void *context, const char *path, const char *text, struct fail *f)
{
	struct s3_page *page = context;
	if (strcmp(path, "ListBucketResult/Contents/Key") == 0) {
		free(page->key);
		page->key = text_copy(text);
	} else if (strcmp(path, "ListBucketResult/Contents/ETag") == 0) {
		free(page->etag);
		page->etag = etag_bare(text);
	} else if (strcmp(path, "ListBucketResult/Contents/Size") == 0) {
		page->size = strtoull(text, NULL, 10);
	} else if (strcmp(path, "ListBucketResult/IsTruncated") == 0) {
		page->truncated = strcmp(text, "true") == 0;
	} else if (strcmp(path, "ListBucketResult/NextContinuationToken") == 0) {
		free(page->next);
		page->next = text_copy(text);
	} else if (strcmp(path, "ListBucketResult/Contents") == 0) {
		return take_object(page, f);
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
	free(page->etag);
	free(page->next);
	page->key = page->etag = page->next = NULL;
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
	struct s3_request request = {.method = "GET", .query = query, .max_response = PAGE_MAX};
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
	struct page_tokens pages = {0};
	bool more = true;
	int result = 0;
	while (result == 0 && more) {
		struct s3_page page = {.below = below, .listing = listing};
		result = list_page(s, &page, &place, f);
		bool added = page.key != NULL;
		more = next_place(&place, &page);
		s3_page_release(&page);
		if (result == 0 && more)
			result = page_tokens_follow(
				&pages, place.token != NULL ? place.token : place.key, added, f);
	}
	page_tokens_release(&pages);
	free(place.token);
	free(place.key);
	free(below);
	free(key);
	return result;
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
