#include "store/gs/object.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/fetch.h"
#include "base/memory.h"
#include "base/page_tokens.h"
#include "base/random.h"
#include "base/text.h"
#include "http/body.h"
#include "http/response.h"
#include "http/types.h"
#include "http/url.h"
#include "packaging/digest/crc32c.h"
#include "packaging/json/json.h"
#include "packaging/json/json_check.h"
#include "packaging/json/json_list.h"
#include "store/checksum.h"
#include "store/gs/call.h"

/* Google writes 64-bit numbers as strings, others of its API as numbers. */
static uint64_t take_size(const struct json_at *json)
{
	struct json_at at = json_get(json, "size");
	char *digits = fetch_member(json, "size");
	struct fail ignored;
	int64_t size = 0;
	if (digits != NULL)
		size = (int64_t)strtoull(digits, NULL, 10);
	else if (!json_is_there(&at) ||
		 json_integer(&at, 0, JSON_INTEGER_MAX, &size, &ignored) != 0)
		size = 0;
	free(digits);
	return (uint64_t)size;
}

void gs_object_take(const struct json_at *json, struct gs_object *object)
{
	struct json_at metadata = json_get(json, "metadata");
	*object = (struct gs_object){
		.name = fetch_member(json, "name"),
		.crc32c = fetch_member(json, "crc32c"),
		.size = take_size(json),
	};
	if (json_is_there(&metadata) && !json_is_null(&metadata)) {
		object->sha256 = fetch_member(&metadata, "sha256");
		object->meant_crc32c = fetch_member(&metadata, "crc32c");
	}
}

int gs_object_read(const struct http_response *response, struct gs_object *object, struct fail *f)
{
	struct cJSON *tree;
	*object = (struct gs_object){0};
	if (json_parse(text_string(&response->body), response->body.size, &tree, f) != 0) {
		if (f->status == STATUS_UNACCEPTABLE)
			f->status = STATUS_NOT_A_REGISTRY;
		return fail_wrap(f, "Google Cloud Storage's answer");
	}
	struct json_at root = json_root(tree);
	gs_object_take(&root, object);
	json_release(tree);
	return 0;
}

void gs_object_release(struct gs_object *object)
{
	free(object->name);
	free(object->crc32c);
	free(object->sha256);
	free(object->meant_crc32c);
	*object = (struct gs_object){0};
}

/* The digest that was kept with it counts only where the store's own checksum is the one that was
 * kept along: what is composed of parts is told of both before anybody has seen the result. */
const char *gs_object_digest(const struct gs_object *object)
{
	bool counts = object->crc32c != NULL && text_equal(object->crc32c, object->meant_crc32c);
	return counts ? object->sha256 : NULL;
}

int gs_has(
	struct store *s, const struct store_content *content, enum store_has *has, struct fail *f)
{
	struct http_response response;
	struct gs_object object = {0};
	char *name = gs_name(s->state, content->path);
	struct gs_request request = {.method = "GET", .name = name};
	int result = gs_send(s, &request, &response, f);
	bool missing = result == 0 && response.status == 404;
	if (result == 0 && !missing)
		result = gs_expect(s, &response, f);
	if (result == 0 && !missing)
		result = gs_object_read(&response, &object, f);
	const char *digest = gs_object_digest(&object);
	bool kept = digest != NULL && text_equal(digest, content->sha256);
	*has = missing			      ? STORE_HAS_NOT
	       : object.size != content->size ? STORE_HAS_OTHER
	       : kept			      ? STORE_HAS_SAME
					      : STORE_HAS_SOME;
	gs_object_release(&object);
	http_response_release(&response);
	free(name);
	return result;
}

/* Listing. */

struct page {
	gs_list_function *each;
	void *context;
	size_t count; /* of its objects so far */
};

static int take_listed(void *context, struct json_lenient *json,
	const struct json_lenient_value *item, struct fail *f)
{
	struct page *page = context;
	struct json_at at = json_root(json->root);
	struct gs_object object;
	(void)item;
	gs_object_take(&at, &object);
	page->count++;
	int result = object.name != NULL ? page->each(page->context, &object, f) : 0;
	gs_object_release(&object);
	return result;
}

static int read_page(
	const struct http_response *response, struct page *page, char **next, struct fail *f)
{
	struct json_list list = {.key = "items", .depth = 1, .take = take_listed, .context = page};
	struct json_lenient rest = {0};
	*next = NULL;
	int result = json_list_add(&list, text_string(&response->body), response->body.size, f);
	if (result == 0 && json_check_text(text_string(&list.rest), list.rest.size, f) != 0)
		result = fail_set(f, STATUS_NOT_A_REGISTRY, "%s", f->text);
	if (result == 0)
		result = json_list_end(&list, &rest, f);
	if (result == 0)
		*next = json_lenient_string(&rest, json_lenient_root(&rest), "nextPageToken");
	if (result == 0)
		result = json_lenient_check(&rest, f);
	json_lenient_release(&rest);
	json_list_release(&list);
	return result == 0 ? 0 : fail_wrap(f, "Google Cloud Storage's list");
}

int gs_page_read(const struct http_response *response, gs_list_function *each, void *context,
	char **next, struct fail *f)
{
	struct page page = {each, context, 0};
	return read_page(response, &page, next, f);
}

static int list_page(struct store *store, const char *below, const char *token, struct page *page,
	char **next, struct fail *f)
{
	struct http_response response;
	char *prefix = http_escape_query(below);
	char *at = http_escape_query(token != NULL ? token : "");
	char *query = text_format("prefix=%s%s%s", prefix, token != NULL ? "&pageToken=" : "", at);
	struct gs_request request = {.method = "GET", .query = query};
	int result = gs_send(store, &request, &response, f);
	*next = NULL;
	if (result == 0)
		result = gs_expect(store, &response, f);
	if (result == 0)
		result = read_page(&response, page, next, f);
	http_response_release(&response);
	free(query);
	free(at);
	free(prefix);
	return result;
}

int gs_list_names(struct store *store, const char *below, gs_list_function *each, void *context,
	struct fail *f)
{
	char *token = NULL;
	struct page_tokens pages = {0};
	bool more;
	int result;
	do {
		char *next;
		struct page page = {each, context, 0};
		result = list_page(store, below, token, &page, &next, f);
		free(token);
		token = next;
		more = token != NULL && token[0] != '\0';
		if (result == 0 && more)
			result = page_tokens_follow(&pages, token, page.count > 0, f);
	} while (result == 0 && more);
	page_tokens_release(&pages);
	free(token);
	return result;
}

struct names {
	char **names;
	size_t count;
};

static int add_name(void *context, const struct gs_object *object, struct fail *f)
{
	struct names *names = context;
	(void)f;
	if ((names->count & (names->count - 1)) == 0)
		names->names = memory_grow(names->names, names->count > 0 ? 2 * names->count : 1,
			sizeof(*names->names));
	names->names[names->count++] = text_copy(object->name);
	return 0;
}

int gs_delete_below(struct store *store, const char *below, struct fail *f)
{
	struct names names = {0};
	int result = gs_list_names(store, below, add_name, &names, f);
	if (result == 0)
		result = gs_delete(store, names.names, names.count, f);
	for (size_t i = 0; i < names.count; i++)
		free(names.names[i]);
	free(names.names);
	return result;
}

/* Uploading: what the object is to be and its bytes, in one body of two parts (RFC 2387). */

struct related {
	const struct http_body *body;
	struct text head;
	char *tail;
	uint64_t at;  /* in all three */
	uint32_t crc; /* of the bytes so far */
};

/* What stands at r->at, and how much of it there is; NULL: it has to be read. */
static const char *related_here(const struct related *r, uint64_t *left)
{
	uint64_t head = r->head.size, end = head + r->body->size;
	if (r->at < head) {
		*left = head - r->at;
		return r->head.data + r->at;
	}
	if (r->at < end) {
		*left = end - r->at;
		return r->body->bytes != NULL ? (const char *)r->body->bytes + (r->at - head)
					      : NULL;
	}
	*left = end + strlen(r->tail) - r->at;
	return r->tail + (r->at - end);
}

static int related_read(void *context, void *buffer, size_t size, size_t *got, struct fail *f)
{
	struct related *r = context;
	uint64_t left, head = r->head.size;
	bool is_content = r->at >= head && r->at < head + r->body->size;
	const char *here = related_here(r, &left);
	*got = left < size ? (size_t)left : size;
	if (here != NULL)
		memcpy(buffer, here, *got);
	else if (r->body->read(r->body->context, buffer, *got, got, f) != 0)
		return -1;
	if (is_content)
		r->crc = crc32c_add(r->crc, buffer, *got);
	r->at += *got;
	return 0;
}

static int related_rewind(void *context, struct fail *f)
{
	struct related *r = context;
	r->at = 0;
	r->crc = 0;
	return http_body_rewind(r->body, f);
}

static void add_metadata(struct text *text, const char *sha256, const struct http_body *body)
{
	struct cJSON *object = json_new_object(), *metadata = json_new_object();
	if (sha256 != NULL)
		json_set_string(metadata, "sha256", sha256);
	if (body->bytes != NULL) {
		char *crc = checksum_crc32c(crc32c_add(0, body->bytes, body->size));
		json_set_string(object, "crc32c", crc);
		if (sha256 != NULL)
			json_set_string(metadata, "crc32c", crc);
		free(crc);
	}
	json_set(object, "metadata", metadata);
	json_print(object, text);
	json_release(object);
}

static void related_open(
	struct related *r, const char *boundary, const char *sha256, const struct http_body *body)
{
	*r = (struct related){.body = body};
	text_printf(&r->head, "--%s\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n",
		boundary);
	add_metadata(&r->head, sha256, body);
	text_printf(
		&r->head, "\r\n--%s\r\nContent-Type: application/octet-stream\r\n\r\n", boundary);
	r->tail = text_format("\r\n--%s--\r\n", boundary);
}

static int take_uploaded(const struct http_response *response, const struct related *r,
	bool *verified, struct fail *f)
{
	struct gs_object object;
	if (gs_object_read(response, &object, f) != 0)
		return -1;
	char *crc = checksum_crc32c(r->crc);
	*verified = text_equal(object.crc32c, crc);
	gs_object_release(&object);
	free(crc);
	return 0;
}

int gs_upload(struct store *store, const char *name, const char *sha256,
	const struct http_body *body, uint32_t *crc, bool *verified, struct fail *f)
{
	struct related related;
	struct http_response response;
	char boundary[64];
	snprintf(boundary, sizeof(boundary), "modelhook-%08x%08x%08x%08x", random_below(UINT32_MAX),
		random_below(UINT32_MAX), random_below(UINT32_MAX), random_below(UINT32_MAX));
	char *escaped = http_escape_query(name);
	char *query = text_format("uploadType=multipart&name=%s", escaped);
	char *type = text_format("multipart/related; boundary=%s", boundary);
	related_open(&related, boundary, sha256, body);
	struct gs_request request = {
		.method = "POST",
		.query = query,
		.is_upload = true,
		.content_type = type,
		.body = {.size = related.head.size + body->size + strlen(related.tail),
			.read = related_read,
			.rewind = related_rewind,
			.context = &related,
			.never_waits = body->bytes != NULL},
	};
	*verified = false;
	int result = gs_send(store, &request, &response, f);
	if (result == 0)
		result = gs_expect(store, &response, f);
	if (result == 0)
		result = take_uploaded(&response, &related, verified, f);
	*crc = related.crc;
	http_response_release(&response);
	text_release(&related.head);
	free(related.tail);
	free(type);
	free(query);
	free(escaped);
	return result;
}
