#include "store/s3/multipart.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/panic.h"
#include "base/stop.h"
#include "base/text.h"
#include "http/response.h"
#include "http/url.h"
#include "packaging/digest/crc32c.h"
#include "packaging/digest/sha256.h"
#include "store/checksum.h"
#include "store/etag.h"
#include "store/s3/call.h"
#include "store/s3/manner.h"
#include "store/s3/open.h"
#include "store/s3/types.h"
#include "store/store.h"

#define LIST_MAX ((size_t)4 << 20)
#define COMPLETION_TRIES 4
#define COMPLETION_PAUSE_MS 500

#define CRC32C_SIZE 9 /* in base64, with its NUL */
#define ID_MAX 4096   /* of an upload; it goes into each part's URL */

/* A receipt is "WHEN CRC32C SIZE ETAG": "earlier" for what an earlier call left, "now", "unsure"
 * where nothing compared it, "object" where the object is there; the checksum in base64, "-" where
 * there is none. The ETag comes last, since it may hold anything. */
struct receipt {
	char when[8];
	char crc32c[CRC32C_SIZE];
	unsigned long long size;
	const char *etag; /* in the receipt's text */
};

static bool read_receipt(const char *text, struct receipt *receipt)
{
	int at = 0;
	bool read = sscanf(text, "%7s %8s %llu %n", receipt->when, receipt->crc32c, &receipt->size,
			    &at) == 3 &&
		    at > 0;
	receipt->etag = text + at;
	return read;
}

static void set_receipt(struct store_upload *upload, unsigned index, const char *when,
	const char *crc32c, unsigned long long size, const char *etag)
{
	bool has_crc32c = crc32c != NULL && strlen(crc32c) == CRC32C_SIZE - 1;
	store_set_receipt(upload, index,
		text_format("%s %s %llu %s", when, has_crc32c ? crc32c : "-", size, etag));
}

/* Uploads of this very key. */

struct open_upload {
	char *id;
};

struct open_uploads {
	const char *key;
	struct open_upload *items;
	size_t count;
	char *key_read, *id_read;
};

static int take_upload(void *context, const char *path, const char *text, struct fail *f)
{
	struct open_uploads *uploads = context;
	(void)f;
	if (strcmp(path, "ListMultipartUploadsResult/Upload/Key") == 0) {
		free(uploads->key_read);
		uploads->key_read = text_copy(text);
	} else if (strcmp(path, "ListMultipartUploadsResult/Upload/UploadId") == 0) {
		free(uploads->id_read);
		uploads->id_read = text_copy(text);
	} else if (strcmp(path, "ListMultipartUploadsResult/Upload") == 0 &&
		   text_equal(uploads->key_read, uploads->key) && uploads->id_read != NULL) {
		uploads->items =
			memory_grow(uploads->items, uploads->count + 1, sizeof(*uploads->items));
		uploads->items[uploads->count++].id = uploads->id_read;
		uploads->id_read = NULL;
	}
	return 0;
}

static void open_uploads_release(struct open_uploads *uploads)
{
	for (size_t i = 0; i < uploads->count; i++)
		free(uploads->items[i].id);
	free(uploads->items);
	free(uploads->key_read);
	free(uploads->id_read);
}

/* To send an object takes fewer rights than to see what is open, and some servers cannot tell. */
static bool may_not_be_told(const struct s3_reply *reply)
{
	long status = reply->http.status;
	bool no_such_call = status == 404 && strcmp(reply->code, "NoSuchBucket") != 0;
	return status == 403 || status == 405 || no_such_call || s3_manner_is_refused(reply);
}

/* None where this store does not tell. */
static int list_uploads(
	struct store *s, const char *key, struct open_uploads *uploads, struct fail *f)
{
	struct s3_reply reply;
	char *escaped = http_escape_query(key);
	char *query = text_format("prefix=%s&uploads=", escaped);
	struct s3_request request = {.method = "GET", .query = query, .max_response = LIST_MAX};
	*uploads = (struct open_uploads){.key = key};
	int result = s3_send(s, &request, &reply, f);
	bool told = result == 0 && !may_not_be_told(&reply);
	if (told)
		result = s3_expect(s, &reply, f);
	if (told && result == 0)
		result = xml_read(
			reply.http.body.data, reply.http.body.size, take_upload, uploads, f);
	s3_reply_release(&reply);
	free(query);
	free(escaped);
	return result;
}

static int abort_upload(struct store *s, const char *key, const char *id, struct fail *f)
{
	struct s3_reply reply;
	char *escaped = http_escape_query(id);
	char *query = text_format("uploadId=%s", escaped);
	struct s3_request request = {.method = "DELETE", .key = key, .query = query};
	int result = s3_send(s, &request, &reply, f);
	if (result == 0 && reply.http.status != 404)
		result = s3_expect(s, &reply, f);
	s3_reply_release(&reply);
	free(query);
	free(escaped);
	return result;
}

/* Parts that are there. */

static void take_text(char **to, char *text)
{
	free(*to);
	*to = text;
}

static void take_whole_part(struct s3_parts *parts)
{
	struct store_upload *upload = parts->upload;
	unsigned long number = parts->number;
	struct fail ignored;
	if (number < 1 || number > upload->part_count || etag_check(parts->etag, &ignored) != 0) {
		parts->fits = false;
		return;
	}
	bool last = number == upload->part_count;
	uint64_t wanted =
		last ? upload->content.size - (uint64_t)(upload->part_count - 1) * upload->part_size
		     : upload->part_size;
	parts->fits = parts->fits && parts->size == wanted;
	set_receipt(
		upload, (unsigned)number - 1, "earlier", parts->crc32c, parts->size, parts->etag);
	take_text(&parts->etag, NULL);
	take_text(&parts->crc32c, NULL);
}

static int take_part(void *context, const char *path, const char *text, struct fail *f)
{
	struct s3_parts *parts = context;
	(void)f;
	if (strcmp(path, "ListPartsResult/Part/PartNumber") == 0)
		parts->number = strtoul(text, NULL, 10);
	else if (strcmp(path, "ListPartsResult/Part/Size") == 0)
		parts->size = strtoull(text, NULL, 10);
	else if (strcmp(path, "ListPartsResult/Part/ETag") == 0)
		take_text(&parts->etag, etag_bare(text));
	else if (strcmp(path, "ListPartsResult/Part/ChecksumCRC32C") == 0)
		take_text(&parts->crc32c, text_copy(text));
	else if (strcmp(path, "ListPartsResult/Part") == 0)
		take_whole_part(parts);
	else if (strcmp(path, "ListPartsResult/IsTruncated") == 0)
		parts->truncated = strcmp(text, "true") == 0;
	else if (strcmp(path, "ListPartsResult/NextPartNumberMarker") == 0)
		parts->next = strtoul(text, NULL, 10);
	return 0;
}

int s3_parts_read(const struct text *body, struct s3_parts *parts, struct fail *f)
{
	return xml_read(body->data, body->size, take_part, parts, f);
}

void s3_parts_release(struct s3_parts *parts)
{
	take_text(&parts->etag, NULL);
	take_text(&parts->crc32c, NULL);
}

static int list_parts_page(
	struct store *s, const char *key, const char *id, struct s3_parts *parts, struct fail *f)
{
	struct s3_reply reply;
	char *escaped = http_escape_query(id);
	char *query = parts->next > 0 ? text_format("part-number-marker=%lu&uploadId=%s",
						parts->next, escaped)
				      : text_format("uploadId=%s", escaped);
	struct s3_request request = {
		.method = "GET", .key = key, .query = query, .max_response = LIST_MAX};
	parts->truncated = false;
	int result = s3_send(s, &request, &reply, f);
	if (result == 0 && (reply.http.status == 404 || may_not_be_told(&reply)))
		parts->fits = false; /* it was ended meanwhile, or is not ours to see */
	else if (result == 0)
		result = s3_expect(s, &reply, f);
	if (result == 0 && reply.http.status == 200)
		result = s3_parts_read(&reply.http.body, parts, f);
	s3_reply_release(&reply);
	free(query);
	free(escaped);
	return result;
}

/* Whether the open upload is one of this object, cut as we cut it; then its parts are in receipts.
 */
static int read_upload(struct store *s, const char *key, const char *id,
	struct store_upload *upload, bool *fits, struct fail *f)
{
	struct s3_parts parts = {.upload = upload, .fits = true};
	int result;
	do {
		unsigned long before = parts.next;
		result = list_parts_page(s, key, id, &parts, f);
		if (parts.next <= before)
			parts.truncated = false;
	} while (result == 0 && parts.truncated && parts.fits);
	*fits = result == 0 && parts.fits;
	if (!*fits)
		store_clear_receipts(upload);
	s3_parts_release(&parts);
	return result;
}

static int find_open(struct store *s, const char *key, struct store_upload *upload, struct fail *f)
{
	struct open_uploads uploads;
	int result = list_uploads(s, key, &uploads, f);
	for (size_t i = uploads.count; result == 0 && upload->id == NULL && i-- > 0;) {
		bool fits;
		result = read_upload(s, key, uploads.items[i].id, upload, &fits, f);
		if (result == 0 && fits)
			upload->id = text_copy(uploads.items[i].id);
	}
	open_uploads_release(&uploads);
	return result;
}

static int take_id(void *context, const char *path, const char *text, struct fail *f)
{
	char **id = context;
	(void)f;
	if (strcmp(path, "InitiateMultipartUploadResult/UploadId") == 0 && *id == NULL)
		*id = text_copy(text);
	return 0;
}

static int create_upload(
	struct store *s, const char *key, struct store_upload *upload, struct fail *f)
{
	struct s3_reply reply;
	char *meta = text_format("x-amz-meta-sha256: %s", upload->content.sha256);
	struct s3_request request = {
		.method = "POST", .key = key, .query = "uploads=", .makes_object = true};
	request.checksum = "x-amz-checksum-algorithm: CRC32C";
	s3_add_header(&request, meta);
	int result = s3_send(s, &request, &reply, f);
	if (result == 0)
		result = s3_expect(s, &reply, f);
	if (result == 0)
		result = xml_read(
			reply.http.body.data, reply.http.body.size, take_id, &upload->id, f);
	if (result == 0 && upload->id == NULL)
		result = fail_set(f, STATUS_NOT_A_REGISTRY, "S3 began an upload without an ID");
	else if (result == 0 && strlen(upload->id) > ID_MAX)
		result = fail_set(f, STATUS_NOT_A_REGISTRY,
			"S3 began an upload with an ID of %zu bytes, more than %d",
			strlen(upload->id), ID_MAX);
	s3_reply_release(&reply);
	free(meta);
	return result;
}

int s3_begin(struct store *s, struct store_upload *upload, struct fail *f)
{
	char *key = s3_key(s->state, upload->content.path);
	int result = find_open(s, key, upload, f);
	if (result == 0 && upload->id == NULL)
		result = create_upload(s, key, upload, f);
	free(key);
	return result;
}

/* Sending a part. */

static char *crc32c_of(const struct store_part *part)
{
	return checksum_crc32c(crc32c_add(0, part->bytes, part->size));
}

static bool is_md5_of(const char *etag, const struct store_part *part)
{
	uint8_t md5[MD5_BYTES];
	if (!etag_looks_like_md5(etag))
		return false;
	checksum_md5(part->bytes, part->size, md5);
	return etag_is_md5(etag, md5);
}

static bool is_there(const char *text, const char *crc32c, const struct store_part *part)
{
	struct receipt receipt;
	if (!read_receipt(text, &receipt) || receipt.size != part->size)
		return false;
	if (strcmp(receipt.crc32c, "-") != 0)
		return strcmp(receipt.crc32c, crc32c) == 0;
	return is_md5_of(receipt.etag, part);
}

static int answered(struct store_upload *upload, const struct store_part *part,
	const struct http_response *response, const char *crc32c, struct fail *f)
{
	char *told = http_response_header(response, "ETag"), *etag = etag_bare(told);
	char *echoed = http_response_header(response, "x-amz-checksum-crc32c");
	int result = etag_check(etag, f);
	if (result == 0 && echoed != NULL && strcmp(echoed, crc32c) != 0)
		result = fail_set(f, STATUS_LATER,
			"S3 has other bytes than were sent (CRC-32C %.12s, not %s)", echoed,
			crc32c);
	/* encrypted with a key of its own, an ETag is no MD5, and some stores' never is: then the
	 * object is read back */
	bool sure = result == 0 && (echoed != NULL || is_md5_of(etag, part));
	if (result == 0)
		set_receipt(upload, part->index, sure ? "now" : "unsure", echoed, part->size, etag);
	free(told);
	free(etag);
	free(echoed);
	return result;
}

/* Whether another caller with the same package has completed the upload: the object is there. */
static int ask_made(struct store *s, const struct store_upload *upload, bool *made, struct fail *f)
{
	enum store_has has;
	if (store_has_content(s, &upload->content, &has, f) != 0)
		return -1;
	*made = has == STORE_HAS_SAME;
	return 0;
}

/* A server may end the upload a moment before it shows the object. */
#define LOOKS 10
#define LOOK_AGAIN_MS 200
static int upload_is_gone(struct store *s, struct store_upload *upload, struct fail *f)
{
	bool made = false;
	for (int i = 0; !made && i < LOOKS; i++)
		if ((i > 0 && stop_sleep(LOOK_AGAIN_MS, f) != 0) ||
			ask_made(s, upload, &made, f) != 0)
			return -1;
	return made ? 0
		    : fail_set(f, STATUS_LATER,
			      "its upload was ended by somebody else, and the object is not there");
}

static bool is_gone(const struct s3_reply *reply)
{
	return reply->http.status == 404 && strcmp(reply->code, "NoSuchBucket") != 0;
}

/* A refusal of an upload that two callers share may only tell that the other was faster. */
static bool is_made(struct store *s, const struct store_upload *upload)
{
	bool made = false;
	struct fail ignored;
	return ask_made(s, upload, &made, &ignored) == 0 && made;
}

/* A part that was not taken; fine, where the object is there all the same. */
static int part_is_refused(struct store *s, struct store_upload *upload,
	const struct store_part *part, bool gone, struct fail *f)
{
	if (gone ? upload_is_gone(s, upload, f) != 0 : !is_made(s, upload))
		return -1;
	set_receipt(upload, part->index, "object", NULL, 0, "");
	return 0;
}

static int send_part(struct store *s, struct store_upload *upload, const struct store_part *part,
	const char *crc32c, struct fail *f)
{
	const struct s3 *s3 = s->state;
	char sha256[SHA256_HEX];
	struct s3_reply reply;
	char *key = s3_key(s3, upload->content.path);
	char *id = http_escape_query(upload->id);
	char *query = text_format("partNumber=%u&uploadId=%s", part->index + 1, id);
	char *header = text_format("x-amz-checksum-crc32c: %s", crc32c);
	struct s3_request request = {.method = "PUT",
		.key = key,
		.query = query,
		.body = {.bytes = part->bytes, .size = part->size}};
	request.checksum = header;
	if (!s3->trusts_wire) {
		sha256_of(part->bytes, part->size, sha256);
		request.sha256 = sha256;
	}
	int result = s3_send(s, &request, &reply, f);
	bool gone = result == 0 && is_gone(&reply);
	if (result == 0 && !gone && s3_expect(s, &reply, f) == 0)
		result = answered(upload, part, &reply.http, crc32c, f);
	else if (result == 0)
		result = part_is_refused(s, upload, part, gone, f);
	s3_reply_release(&reply);
	free(header);
	free(query);
	free(id);
	free(key);
	return result;
}

int s3_put_part(struct store *s, struct store_upload *upload, const struct store_part *part,
	bool *kept, struct fail *f)
{
	char *crc32c = crc32c_of(part);
	*kept = is_there(store_receipt(upload, part->index), crc32c, part);
	int result = *kept ? 0 : send_part(s, upload, part, crc32c, f);
	free(crc32c);
	return result;
}

/* Completion. */

/* False where the object is there without it. */
static bool completion_of(
	const struct store_upload *upload, bool checksums, struct text *body, bool *sure)
{
	*sure = true;
	text_clear(body);
	text_add_string(body, "<CompleteMultipartUpload>");
	for (unsigned i = 0; i < upload->part_count; i++) {
		struct receipt receipt;
		INVARIANT(read_receipt(store_receipt(upload, i), &receipt));
		if (strcmp(receipt.when, "object") == 0)
			return false;
		*sure = *sure && strcmp(receipt.when, "unsure") != 0;
		text_add_string(body, "<Part>");
		if (checksums && strcmp(receipt.crc32c, "-") != 0)
			text_printf(body, "<ChecksumCRC32C>%s</ChecksumCRC32C>", receipt.crc32c);
		text_add_string(body, "<ETag>&quot;");
		xml_add_escaped(body, receipt.etag);
		text_printf(body, "&quot;</ETag><PartNumber>%u</PartNumber></Part>", i + 1);
	}
	text_add_string(body, "</CompleteMultipartUpload>");
	return true;
}

/* What S3 answers while it still works on it is 200, and an error may follow in the body. */
static int ask_completion(
	struct store *s, const struct s3_request *request, struct s3_reply *reply, struct fail *f)
{
	int result = s3_send(s, request, reply, f);
	for (int tries = 1; result == 0 && reply->http.status == 200 && reply->code[0] != '\0' &&
			    tries < COMPLETION_TRIES;
		tries++) {
		s3_reply_release(reply);
		result = stop_sleep(COMPLETION_PAUSE_MS, f);
		if (result == 0)
			result = s3_send(s, request, reply, f);
	}
	return result;
}

/* *form: the body's form may be what it was refused for */
static int complete_by(struct store *s, const char *key, struct store_upload *upload,
	const struct text *body, bool sure, bool *form, struct fail *f)
{
	char sha256[SHA256_HEX];
	struct s3_reply reply;
	char *id = http_escape_query(upload->id);
	char *query = text_format("uploadId=%s", id);
	sha256_of(body->data, body->size, sha256);
	struct s3_request request = {.method = "POST",
		.key = key,
		.query = query,
		.sha256 = sha256,
		.body = {.bytes = body->data, .size = body->size}};
	int result = ask_completion(s, &request, &reply, f);
	*form = result == 0 && s3_manner_is_refused(&reply);
	if (result == 0 && is_gone(&reply)) {
		result = upload_is_gone(s, upload, f);
		sure = true;
	} else if (result == 0 && s3_expect(s, &reply, f) != 0) {
		sure = is_made(s, upload);
		result = sure ? 0 : -1;
	} else if (result == 0 && strstr(text_string(&reply.http.body), "ETag>") == NULL) {
		sure = false; /* nothing but a status says that it is made */
	}
	upload->verified = result == 0 && sure;
	s3_reply_release(&reply);
	free(query);
	free(id);
	return result;
}

/* Checksums in the list of parts are as new as those of the parts. */
static int complete(struct store *s, const char *key, struct store_upload *upload, struct fail *f)
{
	struct s3 *s3 = s->state;
	struct text body = {0};
	bool sure, form = false, checksums = (atomic_load(&s3->manner) & S3_PLAIN_WRITES) == 0;
	int result = 0;
	if (completion_of(upload, checksums, &body, &sure))
		result = complete_by(s, key, upload, &body, sure, &form, f);
	else
		upload->verified = true; /* it was compared when its upload was found gone */
	if (result != 0 && form && strstr(text_string(&body), "<ChecksumCRC32C>") != NULL) {
		completion_of(upload, false, &body, &sure);
		result = complete_by(s, key, upload, &body, sure, &form, f);
	}
	text_release(&body);
	return result;
}

/* What earlier calls left open of this object holds room that somebody pays for. */
static int abort_others(struct store *s, const char *key, struct fail *f)
{
	struct open_uploads uploads;
	int result = list_uploads(s, key, &uploads, f);
	for (size_t i = 0; result == 0 && i < uploads.count; i++)
		result = abort_upload(s, key, uploads.items[i].id, f);
	open_uploads_release(&uploads);
	return result;
}

int s3_finish(struct store *s, struct store_upload *upload, struct fail *f)
{
	char *key = s3_key(s->state, upload->content.path);
	int result = complete(s, key, upload, f);
	if (result == 0)
		result = abort_others(s, key, f);
	free(key);
	return result;
}

int s3_abandon(struct store *s, struct store_upload *upload, struct fail *f)
{
	char *key = s3_key(s->state, upload->content.path);
	int result = abort_upload(s, key, upload->id, f);
	free(key);
	return result;
}
