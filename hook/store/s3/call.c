#include "store/s3/call.h"

#include <stdlib.h>
#include <string.h>

#include "auth/aws_credentials.h"
#include "auth/aws_keys.h"
#include "auth/fetch.h"
#include "auth/sigv4.h"
#include "base/clock.h"
#include "base/escape.h"
#include "base/memory.h"
#include "base/panic.h"
#include "base/text.h"
#include "http/body.h"
#include "http/http.h"
#include "http/response.h"
#include "http/types.h"
#include "http/url.h"
#include "packaging/digest/base64.h"
#include "packaging/digest/sha256.h"
#include "packaging/xml/xml.h"
#include "store/checksum.h"
#include "store/refusal.h"
#include "store/s3/manner.h"
#include "store/s3/open.h"

#define READ_SIZE ((size_t)256 << 10)

/* What goes along with one request: its own headers, the store's, and the signature's. */
struct equipment {
	const char *headers[SIGV4_HEADERS_MAX + 8];
	size_t count;
	struct aws_keys keys;
	struct sigv4_lines lines;
	char *bearer;
	char *md5; /* of a body whose server takes no newer checksum */
	char sha256[SHA256_HEX];
};

static void add(struct equipment *e, const char *line)
{
	INVARIANT(e->count < SIGV4_HEADERS_MAX);
	e->headers[e->count++] = line;
}

void s3_add_header(struct s3_request *request, const char *line)
{
	INVARIANT(request->header_count < S3_HEADERS_MAX);
	request->headers[request->header_count++] = line;
}

static char *url_of(const struct s3 *s3, const struct s3_request *request)
{
	struct text url = {0};
	text_add_string(&url, s3->endpoint);
	if (s3->path_style) {
		char *bucket = http_escape_path(s3->bucket);
		text_printf(&url, "/%s", bucket);
		free(bucket);
	}
	if (request->key != NULL) {
		char *key = http_escape_path(request->key);
		text_printf(&url, "/%s", key);
		free(key);
	} else if (!s3->path_style) {
		text_add_string(&url, "/");
	}
	if (request->query != NULL)
		text_printf(&url, "?%s", request->query);
	return text_take(&url);
}

/* A stream is read once for it, and once more to be sent. */
static int digest_stream(const struct http_body *body, char sha256[SHA256_HEX], struct fail *f)
{
	struct sha256 sha;
	char *buffer = memory_get(READ_SIZE, 1);
	uint64_t left = body->size;
	int result = 0;
	sha256_init(&sha);
	while (result == 0 && left > 0) {
		size_t got = 0, wanted = left < READ_SIZE ? (size_t)left : READ_SIZE;
		result = body->read(body->context, buffer, wanted, &got, f);
		if (result == 0 && got == 0)
			result =
				fail_set(f, STATUS_UNACCEPTABLE, "the body is shorter than it was");
		sha256_add(&sha, buffer, got);
		left -= got;
	}
	sha256_finish(&sha, sha256);
	free(buffer);
	return result == 0 ? body->rewind(body->context, f) : -1;
}

/* What is signed of the body; there is nothing to save where that is empty. */
static int choose_payload(const struct s3_request *request, unsigned manner, struct equipment *e,
	const char **payload, struct fail *f)
{
	const struct http_body *body = &request->body;
	*payload = request->sha256 != NULL ? request->sha256 : e->sha256;
	if (request->sha256 != NULL)
		return 0;
	if (body->size == 0 || ((manner & S3_SIGNED_PAYLOAD) != 0 && body->bytes != NULL))
		sha256_of(body->bytes, (size_t)body->size, e->sha256);
	else if ((manner & S3_SIGNED_PAYLOAD) != 0)
		return digest_stream(body, e->sha256, f);
	else
		*payload = SIGV4_UNSIGNED;
	return 0;
}

static int sign(struct store *store, const struct s3_request *request, const char *url,
	const char *payload, struct equipment *e, struct fail *f)
{
	struct s3 *s3 = store->state;
	if (s3->is_unsigned)
		return 0;
	if (aws_credentials_get(&s3->credentials, store->http, &e->keys, f) != 0)
		return -1;
	if (e->keys.bearer != NULL && !fetch_may_see_secrets(url))
		return fail_set(f, STATUS_CONFIGURATION,
			"S3 at %.100s: the machine's token is shown over https only", s3->endpoint);
	if (e->keys.bearer != NULL) {
		e->bearer = text_format("authorization: Bearer %s", e->keys.bearer);
		add(e, e->bearer);
		return 0;
	}
	struct sigv4_keys keys = {e->keys.access_key, e->keys.secret_key, e->keys.session_token};
	struct sigv4_scope scope = {s3->region, "s3", clock_now_ms()};
	e->headers[e->count] = NULL;
	struct sigv4_request to_sign = {request->method, url, e->headers, payload};
	sigv4_sign(&keys, &scope, &to_sign, &e->lines);
	for (size_t i = 0; i < e->lines.count; i++)
		e->headers[e->count++] = e->lines.lines[i];
	return 0;
}

/* What has no type is called otherwise by each store, and Google's signs what it made of it. */
static void add_extra(const struct s3 *s3, struct equipment *e)
{
	bool typed = false;
	for (size_t i = 0; i < s3->extra_count; i++) {
		add(e, s3->extra[i]);
		typed = typed || text_starts_with(s3->extra[i], "content-type:");
	}
	if (!typed)
		add(e, "content-type: application/octet-stream");
}

static void add_checksum(const struct s3_request *request, unsigned manner, struct equipment *e)
{
	uint8_t md5[MD5_BYTES];
	if (request->asks_checksum && (manner & S3_PLAIN_READS) == 0)
		add(e, "x-amz-checksum-mode: ENABLED");
	if (request->checksum == NULL)
		return;
	if ((manner & S3_PLAIN_WRITES) == 0) {
		add(e, request->checksum);
	} else if (request->body.bytes != NULL) {
		checksum_md5(request->body.bytes, (size_t)request->body.size, md5);
		char *base64 = base64_encode(md5, sizeof(md5));
		e->md5 = text_format("content-md5: %s", base64);
		free(base64);
		add(e, e->md5);
	}
}

static int equip(struct store *store, const struct s3_request *request, unsigned manner,
	const char *url, struct equipment *e, struct fail *f)
{
	const struct s3 *s3 = store->state;
	const char *payload;
	*e = (struct equipment){0};
	add_checksum(request, manner, e);
	for (size_t i = 0; i < request->header_count; i++)
		add(e, request->headers[i]);
	if (request->makes_object)
		add_extra(s3, e);
	if (s3->owner != NULL)
		add(e, s3->owner);
	if (choose_payload(request, manner, e, &payload, f) != 0)
		return -1;
	return sign(store, request, url, payload, e, f);
}

static void equipment_release(struct equipment *e)
{
	sigv4_lines_release(&e->lines);
	aws_keys_release(&e->keys);
	if (e->bearer != NULL)
		explicit_bzero(e->bearer, strlen(e->bearer));
	free(e->bearer);
	free(e->md5);
}

/* A name that was cut is another region. */
static void take_region(struct s3_reply *reply, const char *region)
{
	reply->region[0] = '\0';
	if (strlen(region) < sizeof(reply->region))
		strcpy(reply->region, region);
}

static int take_error(void *context, const char *path, const char *text, struct fail *f)
{
	struct s3_reply *reply = context;
	(void)f;
	if (strcmp(path, "Error/Code") == 0)
		escape_into(reply->code, sizeof(reply->code), text, strlen(text));
	else if (strcmp(path, "Error/Message") == 0)
		escape_into(reply->message, sizeof(reply->message), text, strlen(text));
	else if (strcmp(path, "Error/Region") == 0)
		take_region(reply, text);
	return 0;
}

/* An error may come with a 200 too: it was found after the answer had begun. */
void s3_reply_read(struct s3_reply *reply, bool has_sink)
{
	const struct text *body = &reply->http.body;
	struct fail ignored;
	bool fine = reply->http.status >= 200 && reply->http.status <= 299;
	if (body->size == 0 || (fine && has_sink))
		return;
	if (!fine || strstr(text_string(body), "<Error") != NULL)
		(void)!xml_read(body->data, body->size, take_error, reply, &ignored);
}

static int send_once(struct store *store, const struct s3_request *request, unsigned manner,
	struct s3_reply *reply, struct fail *f)
{
	struct equipment equipment;
	char *url = url_of(store->state, request);
	*reply = (struct s3_reply){0};
	int result = equip(store, request, manner, url, &equipment, f);
	if (result == 0) {
		equipment.headers[equipment.count] = NULL;
		struct http_request http = {
			.method = request->method,
			.url = url,
			.headers = equipment.headers,
			.body = request->body,
			.sink = request->sink,
			.max_response = request->max_response,
			.coding = request->sink != NULL ? HTTP_AS_STORED : HTTP_DECODED,
		};
		result = http_send(store->http, &http, &reply->http, f);
	}
	if (result == 0)
		s3_reply_read(reply, request->sink != NULL);
	equipment_release(&equipment);
	free(url);
	return result;
}

/* A region that is fit for a host's name and a signature, and is not the one that was asked. */
static bool is_elsewhere(const struct s3 *s3, struct s3_reply *reply)
{
	char *told = http_response_header(&reply->http, "x-amz-bucket-region");
	if (told != NULL)
		take_region(reply, told);
	free(told);
	size_t size = strspn(reply->region, "abcdefghijklmnopqrstuvwxyz0123456789-");
	return size > 0 && reply->region[size] == '\0' && strcmp(reply->region, s3->region) != 0;
}

static int send_in_region(struct store *store, const struct s3_request *request, unsigned manner,
	struct s3_reply *reply, struct fail *f)
{
	struct s3 *s3 = store->state;
	int result = send_once(store, request, manner, reply, f);
	if (result != 0 || store->is_worker || s3->settled)
		return result;
	s3->settled = true;
	long status = reply->http.status;
	if (status < 300 || status >= 500 || request->body.read != NULL || !is_elsewhere(s3, reply))
		return 0;
	s3_set_region(s3, reply->region);
	s3_reply_release(reply);
	return send_once(store, request, manner, reply, f);
}

static bool is_success(const struct s3_reply *reply)
{
	return reply->http.status >= 200 && reply->http.status <= 299 && reply->code[0] == '\0';
}

static int send_otherwise(struct store *store, const struct s3_request *request, unsigned manner,
	struct s3_reply *reply, struct fail *f)
{
	*reply = (struct s3_reply){0};
	if (http_body_rewind(&request->body, f) != 0)
		return -1;
	return send_once(store, request, manner, reply, f);
}

int s3_send(struct store *store, const struct s3_request *request, struct s3_reply *reply,
	struct fail *f)
{
	struct s3 *s3 = store->state;
	unsigned manner = atomic_load(&s3->manner);
	unsigned choices = s3_manner_choices(s3, request, manner);
	struct s3_reply refusal = {0};
	int result = send_in_region(store, request, manner, reply, f);
	while (result == 0 && s3_manner_next(choices, reply, &manner)) {
		s3_reply_release(&refusal);
		refusal = *reply;
		result = send_otherwise(store, request, manner, reply, f);
	}
	if (result == 0 && refusal.http.status != 0 && is_success(reply))
		s3_manner_keep(s3, manner, &refusal);
	s3_reply_release(&refusal);
	return result;
}

static enum status status_of(const struct s3_reply *reply)
{
	static const char *const denied[] = {"AccessDenied", "InvalidAccessKeyId",
		"SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "InvalidTokenId",
		"TokenRefreshRequired", "XAdminUserNotFound", "RequestTimeTooSkewed", NULL};
	static const char *const later[] = {"SlowDown", "InternalError", "ServiceUnavailable",
		"RequestTimeout", "OperationAborted", "ConditionalRequestConflict", NULL};
	enum status status = refusal_status(reply->http.status);
	if (status == STATUS_DENIED || refusal_is_one_of(reply->code, denied))
		return STATUS_DENIED;
	if (refusal_is_one_of(reply->code, later))
		return STATUS_LATER;
	return status == STATUS_NOT_A_REGISTRY && reply->code[0] != '\0' ? STATUS_REFUSED : status;
}

int s3_refuse(const struct s3_reply *reply, const char *who, struct fail *f)
{
	struct refusal refusal = {
		status_of(reply), reply->http.status, reply->code, reply->message};
	return refusal_fail(&refusal, f, "%s", who);
}

static int hint(struct store *store, const struct s3_reply *reply, struct fail *f)
{
	struct s3 *s3 = store->state;
	if (strcmp(reply->code, "RequestTimeTooSkewed") == 0)
		return refusal_hint_clocks(reply->http.date_ms, f);
	if (strcmp(reply->code, "NoSuchBucket") == 0)
		return fail_hint(
			f, "is %.100s the right endpoint, and the bucket made?", s3->endpoint);
	if (strcmp(reply->code, "AuthorizationHeaderMalformed") == 0)
		return fail_hint(
			f, "AWS_DEFAULT_REGION names the bucket's region, now %.60s", s3->region);
	if (f->status != STATUS_DENIED || s3->is_unsigned)
		return -1;
	struct aws_keys keys;
	struct fail ignored;
	if (aws_credentials_get(&s3->credentials, store->http, &keys, &ignored) == 0)
		fail_hint(f, "the credentials came from %s; may they write to bucket %.60s?",
			keys.from, s3->bucket);
	aws_keys_release(&keys);
	return -1;
}

int s3_expect(struct store *store, const struct s3_reply *reply, struct fail *f)
{
	const struct s3 *s3 = store->state;
	if (is_success(reply))
		return 0;
	char *shown = http_url_show(s3->endpoint);
	char *who = text_format("S3 at %.100s, bucket %.63s", shown, s3->bucket);
	s3_refuse(reply, who, f);
	free(who);
	free(shown);
	return hint(store, reply, f);
}

void s3_reply_release(struct s3_reply *reply)
{
	http_response_release(&reply->http);
	*reply = (struct s3_reply){0};
}
