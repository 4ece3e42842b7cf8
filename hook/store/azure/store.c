#include "store/azure/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/page_tokens.h"
#include "base/text.h"
#include "http/response.h"
#include "packaging/digest/base64.h"
#include "packaging/xml/xml.h"
#include "store/azure/call.h"
#include "store/azure/multipart.h"
#include "store/checksum.h"

/* List. */

static int take_blob(struct azure_page *page, struct fail *f)
{
	const char *name = page->name;
	bool is_folder = page->is_folder;
	page->is_folder = false;
	if (name == NULL || is_folder || !text_starts_with(name, page->below))
		return 0;
	name += strlen(page->below);
	if (name[0] == '\0' || text_ends_with(name, "/"))
		return 0;
	return store_listing_add(page->listing, name, page->size, page->sha256, f);
}

static int take_listed(void *context, const char *path, const char *text, struct fail *f)
{
	struct azure_page *page = context;
	if (strcmp(path, "EnumerationResults/Blobs/Blob/Name") == 0) {
		free(page->name);
		page->name = text_copy(text);
	} else if (strcmp(path, "EnumerationResults/Blobs/Blob/Properties/Content-Length") == 0) {
		page->size = strtoull(text, NULL, 10);
	} else if (strcmp(path, "EnumerationResults/Blobs/Blob/Metadata/sha256") == 0) {
		free(page->sha256);
		page->sha256 = text_copy(text);
	} else if (strcmp(path, "EnumerationResults/Blobs/Blob/Properties/ResourceType") == 0) {
		page->is_folder = strcmp(text, "directory") == 0;
	} else if (strcmp(path, "EnumerationResults/NextMarker") == 0) {
		free(page->next);
		page->next = text_copy(text);
	} else if (strcmp(path, "EnumerationResults/Blobs/Blob") == 0) {
		page->has_blobs = true;
		int result = take_blob(page, f);
		free(page->sha256);
		page->sha256 = NULL;
		return result;
	}
	return 0;
}

int azure_page_read(const struct text *body, struct azure_page *page, struct fail *f)
{
	int result = xml_read(body->data, body->size, take_listed, page, f);
	free(page->name);
	free(page->sha256);
	page->name = page->sha256 = NULL;
	return result;
}

static int list_page(struct store *s, struct azure_page *page, const char *marker, struct fail *f)
{
	struct azure_reply reply;
	struct azure_request request = {.method = "GET"};
	size_t count = 0;
	request.parameters[count++] = (struct azure_parameter){"comp", "list"};
	request.parameters[count++] = (struct azure_parameter){"include", "metadata"};
	if (marker != NULL)
		request.parameters[count++] = (struct azure_parameter){"marker", marker};
	request.parameters[count++] = (struct azure_parameter){"prefix", page->below};
	request.parameters[count] = (struct azure_parameter){"restype", "container"};
	int result = azure_send(s, &request, &reply, f);
	if (result == 0)
		result = azure_expect(s, &reply, f);
	if (result == 0)
		result = azure_page_read(&reply.http.body, page, f);
	azure_reply_release(&reply);
	return result;
}

static int azure_list(
	struct store *s, const char *folder, struct store_listing *listing, struct fail *f)
{
	char *name = azure_name(s->state, folder), *marker = NULL;
	char *below = text_format("%s%s", name, name[0] != '\0' ? "/" : "");
	struct page_tokens pages = {0};
	bool more;
	int result;
	do {
		struct azure_page page = {.below = below, .listing = listing};
		result = list_page(s, &page, marker, f);
		free(marker);
		marker = page.next;
		more = marker != NULL && marker[0] != '\0';
		if (result == 0 && more)
			result = page_tokens_follow(&pages, marker, page.has_blobs, f);
	} while (result == 0 && more);
	page_tokens_release(&pages);
	free(marker);
	free(below);
	free(name);
	return result;
}

/* Put. The server compares the MD5 that goes along; of a stream it is not known before. */

static int azure_put(struct store *s, const struct store_content *content,
	const struct http_body *body, bool *verified, struct fail *f)
{
	struct azure_reply reply;
	uint8_t md5[MD5_BYTES];
	char *name = azure_name(s->state, content->path), *sum = NULL, *meta = NULL;
	struct azure_request request = {.method = "PUT",
		.name = name,
		.headers = {"x-ms-blob-type: BlockBlob"},
		.content_type = "application/octet-stream",
		.body = *body};
	size_t count = 1;
	if (content->sha256 != NULL)
		request.headers[count++] = meta =
			text_format("x-ms-meta-sha256: %s", content->sha256);
	if (body->bytes != NULL) {
		checksum_md5(body->bytes, body->size, md5);
		char *base64 = base64_encode(md5, sizeof(md5));
		request.headers[count] = sum = text_format("content-md5: %s", base64);
		free(base64);
	}
	int result = azure_send(s, &request, &reply, f);
	if (result == 0)
		result = azure_expect(s, &reply, f);
	*verified = result == 0 && sum != NULL;
	azure_reply_release(&reply);
	free(name);
	free(meta);
	free(sum);
	return result;
}

/* Get, has, remove. */

static int azure_get(struct store *s, const char *path, const struct http_sink *sink, bool *found,
	struct fail *f)
{
	struct azure_reply reply;
	char *name = azure_name(s->state, path);
	struct azure_request request = {.method = "GET", .name = name, .sink = sink};
	int result = azure_send(s, &request, &reply, f);
	*found = result == 0 && !azure_is_missing(&reply);
	if (*found)
		result = azure_expect(s, &reply, f);
	azure_reply_release(&reply);
	free(name);
	return result;
}

/* The digest that was kept with it: what made the blob had verified its blocks before. */
static int azure_has(
	struct store *s, const struct store_content *content, enum store_has *has, struct fail *f)
{
	struct azure_reply reply;
	char *name = azure_name(s->state, content->path);
	struct azure_request request = {.method = "HEAD", .name = name};
	int result = azure_send(s, &request, &reply, f);
	bool there = result == 0 && !azure_is_missing(&reply);
	*has = STORE_HAS_NOT;
	if (there)
		result = azure_expect(s, &reply, f);
	if (there && result == 0) {
		char *size = http_response_header(&reply.http, "Content-Length");
		char *sha256 = http_response_header(&reply.http, "x-ms-meta-sha256");
		bool same_size = size != NULL && strtoull(size, NULL, 10) == content->size;
		bool same = sha256 != NULL && text_equal(sha256, content->sha256);
		*has = !same_size ? STORE_HAS_OTHER : same ? STORE_HAS_SAME : STORE_HAS_SOME;
		free(size);
		free(sha256);
	}
	azure_reply_release(&reply);
	free(name);
	return result;
}

static int remove_one(struct store *s, const char *path, struct fail *f)
{
	struct azure_reply reply;
	char *name = azure_name(s->state, path);
	struct azure_request request = {
		.method = "DELETE", .name = name, .headers = {"x-ms-delete-snapshots: include"}};
	int result = azure_send(s, &request, &reply, f);
	if (result == 0 && !azure_is_missing(&reply))
		result = azure_expect(s, &reply, f);
	azure_reply_release(&reply);
	free(name);
	return result;
}

static int azure_remove(struct store *s, const char *path, struct fail *f)
{
	return store_remove_each(s, path, remove_one, f);
}

const struct store_kind store_azure = {
	.scheme = "azure",
	.list = azure_list,
	.put = azure_put,
	.get = azure_get,
	.remove = azure_remove,
	.has = azure_has,
	.show = store_show_in_root,
	.release = azure_close,
	.parts_max = AZURE_PARTS_MAX,
	.begin = azure_begin,
	.put_part = azure_put_part,
	.finish = azure_finish,
	.abandon = azure_abandon,
};
