#include "store/mlflow/presigned.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/fail.h"
#include "base/text.h"
#include "http/http.h"
#include "http/response.h"
#include "http/types.h"
#include "http/url.h"
#include "packaging/json/json.h"
#include "store/checksum.h"
#include "store/etag.h"
#include "store/s3/call.h"
#include "store/s3/types.h"

/* Packed: the URL, then each header's line, each with its NUL; an empty line ends it. */

static bool is_line(const char *text)
{
	for (const char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return false;
	return text[0] != '\0';
}

static int pack_headers(const struct json_at *headers, struct text *packed, struct fail *f)
{
	int count = 0;
	if (!json_is_there(headers) || json_is_null(headers))
		return 0;
	if (json_object(headers, f) != 0)
		return -1;
	for (struct json_at at = json_first(headers); json_is_there(&at); at = json_next(&at)) {
		char *value;
		if (json_string(&at, &value, f) != 0)
			return -1;
		char *line = text_format("%s: %s", at.key, value);
		bool fits = is_line(line) && strpbrk(at.key, " :") == NULL && at.key[0] != '\0' &&
			    ++count <= PRESIGNED_HEADERS_MAX;
		if (fits)
			text_add(packed, line, strlen(line) + 1);
		free(line);
		free(value);
		if (!fits)
			return json_fail(&at, f, "not a header");
	}
	return 0;
}

static int pack_url(const struct json_at *at, struct text *packed, struct fail *f)
{
	char *url;
	if (json_string(at, &url, f) != 0)
		return -1;
	char *origin = http_url_origin(url);
	bool fine = origin != NULL && is_line(url);
	if (fine)
		text_add(packed, url, strlen(url) + 1);
	free(origin);
	free(url);
	return fine ? 0 : json_fail(at, f, "not an address");
}

int presigned_pack(
	const struct json_at *object, const char *key, struct text *packed, struct fail *f)
{
	struct json_at url = json_get(object, key), headers = json_get(object, "headers");
	if (pack_url(&url, packed, f) != 0 || pack_headers(&headers, packed, f) != 0) {
		f->status = STATUS_NOT_A_REGISTRY;
		return -1;
	}
	text_add(packed, "", 1);
	return 0;
}

int presigned_read(const struct text *body, const char *key, char **packed, struct fail *f)
{
	struct cJSON *tree = NULL;
	struct text text = {0};
	int result = json_parse(text_string(body), body->size, &tree, f);
	if (result == 0) {
		struct json_at root = json_root(tree);
		result = presigned_pack(&root, key, &text, f);
	}
	if (result == 0)
		*packed = text_take(&text);
	else if (f->status == STATUS_UNACCEPTABLE)
		f->status = STATUS_NOT_A_REGISTRY;
	text_release(&text);
	json_release(tree);
	return result;
}

void presigned_drop(char *packed)
{
	if (packed != NULL)
		explicit_bzero(packed, strlen(packed));
	free(packed);
}

void presigned_unpack(const char *packed, struct presigned *address)
{
	static const char type[] = "content-type: ";
	size_t count = 0;
	*address = (struct presigned){.url = packed};
	for (const char *line = packed + strlen(packed) + 1; *line != '\0';
		line += strlen(line) + 1) {
		if (strncasecmp(line, type, sizeof(type) - 1) == 0)
			address->content_type = line + sizeof(type) - 1;
		else
			address->headers[count++] = line;
	}
}

static int refuse(const struct presigned *address, const struct s3_reply *reply, struct fail *f)
{
	char *shown = http_url_show(address->url);
	char *who = text_format("%.160s", shown);
	s3_refuse(reply, who, f);
	free(who);
	free(shown);
	if (f->status == STATUS_DENIED)
		return fail_hint(f,
			"the MLflow server signed this address: may its own key write there, and "
			"is its clock right?");
	return -1;
}

static int send(struct store *s, const struct presigned *address, struct http_request *request,
	struct s3_reply *reply, struct fail *f)
{
	struct http *http;
	*reply = (struct s3_reply){0};
	request->url = address->url;
	request->headers = address->headers;
	request->content_type = address->content_type;
	if (store_beyond(s, &http, f) != 0 || http_send(http, request, &reply->http, f) != 0)
		return -1;
	s3_reply_read(reply, request->sink != NULL);
	return 0;
}

static bool is_success(const struct s3_reply *reply)
{
	return reply->http.status >= 200 && reply->http.status <= 299 && reply->code[0] == '\0';
}

int presigned_put(struct store *s, const struct presigned *to, const struct http_body *body,
	char **etag, struct fail *f)
{
	struct s3_reply reply;
	struct http_request request = {.method = "PUT", .body = *body};
	int result = send(s, to, &request, &reply, f);
	if (result == 0 && !is_success(&reply))
		result = refuse(to, &reply, f);
	char *named = result == 0 ? http_response_header(&reply.http, "ETag") : NULL;
	*etag = etag_strong(named);
	free(named);
	s3_reply_release(&reply);
	return result;
}

/* summed - the MD5 of what goes by */
struct summed {
	const struct http_body *body;
	struct md5 md5;
};

static int summed_read(void *context, void *buffer, size_t size, size_t *got, struct fail *f)
{
	struct summed *summed = context;
	if (summed->body->read(summed->body->context, buffer, size, got, f) != 0)
		return -1;
	md5_add(&summed->md5, buffer, *got);
	return 0;
}

static int summed_rewind(void *context, struct fail *f)
{
	struct summed *summed = context;
	md5_init(&summed->md5);
	return summed->body->rewind(summed->body->context, f);
}

int presigned_put_summed(struct store *s, const struct presigned *to,
	const struct http_body *original, char **etag, bool *verified, struct fail *f)
{
	struct summed summed = {.body = original};
	struct http_body body = *original;
	uint8_t md5[MD5_BYTES];
	md5_init(&summed.md5);
	if (body.bytes == NULL && body.read != NULL) {
		body.read = summed_read;
		body.rewind = summed_rewind;
		body.context = &summed;
	}
	int result = presigned_put(s, to, &body, etag, f);
	if (body.bytes != NULL)
		md5_add(&summed.md5, body.bytes, (size_t)body.size);
	md5_finish(&summed.md5, md5);
	*verified = result == 0 && etag_is_md5(*etag, md5);
	return result;
}

int presigned_get(struct store *s, const struct presigned *from, const struct http_sink *sink,
	int max_tries, bool *found, struct fail *f)
{
	struct s3_reply reply;
	struct http_request request = {
		.method = "GET", .sink = sink, .max_tries = max_tries, .coding = HTTP_AS_STORED};
	int result = send(s, from, &request, &reply, f);
	*found = result == 0 && reply.http.status != 404;
	if (*found && !is_success(&reply))
		result = refuse(from, &reply, f);
	s3_reply_release(&reply);
	return result;
}
