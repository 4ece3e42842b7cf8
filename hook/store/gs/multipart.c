#include "store/gs/multipart.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/console.h"
#include "base/fail.h"
#include "base/panic.h"
#include "base/text.h"
#include "http/response.h"
#include "http/types.h"
#include "packaging/digest/base64.h"
#include "packaging/digest/crc32c.h"
#include "packaging/json/json.h"
#include "store/checksum.h"
#include "store/gs/call.h"
#include "store/gs/object.h"
#include "store/store.h"

#define FOLDER ".modelhook-parts"
#define COMPOSED_MAX 32 /* that one request takes */
#define NAME_FORMAT "%s%05u"

/* A receipt is "CRC32C SIZE": of a part that the store has, as it says itself. */
static bool read_receipt(const char *receipt, uint32_t *crc, uint64_t *size)
{
	return sscanf(receipt, "%" SCNx32 " %" SCNu64, crc, size) == 2;
}

static char *receipt_of(uint32_t crc, uint64_t size)
{
	return text_format("%08" PRIx32 " %" PRIu64, crc, size);
}

/* Where the parts of an object are, whatever its content, or of all objects in a folder; a slash at
 * its end. */
static char *parts_of_path(const struct gs *gs, const char *path)
{
	char *inside = text_format(FOLDER "/%s/", path);
	char *name = gs_name(gs, inside);
	free(inside);
	return name;
}

static bool parse_crc32c(const char *base64, uint32_t *crc)
{
	uint8_t bytes[6];
	if (base64 == NULL || strlen(base64) != 8 || !base64_decode(base64, bytes))
		return false;
	*crc = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	       bytes[3];
	return true;
}

/* Parts that an earlier call left: named by their number alone. */
static int take_part(void *context, const struct gs_object *object, struct fail *f)
{
	struct store_upload *upload = context;
	const char *number = object->name + strlen(upload->id);
	unsigned index;
	uint32_t crc;
	char end;
	(void)f;
	if (sscanf(number, "%5u%c", &index, &end) == 1 && index < upload->part_count &&
		parse_crc32c(object->crc32c, &crc))
		store_set_receipt(upload, index, receipt_of(crc, object->size));
	return 0;
}

int gs_begin(struct store *s, struct store_upload *upload, struct fail *f)
{
	char *folder = parts_of_path(s->state, upload->content.path);
	upload->id = text_format("%s%.16s/", folder, upload->content.sha256);
	free(folder);
	return gs_list_names(s, upload->id, take_part, upload, f);
}

int gs_put_part(struct store *s, struct store_upload *upload, const struct store_part *part,
	bool *kept, struct fail *f)
{
	struct http_body body = {.bytes = part->bytes, .size = part->size};
	uint32_t crc = crc32c_add(0, part->bytes, part->size), there;
	uint64_t size;
	bool verified;
	*kept = read_receipt(store_receipt(upload, part->index), &there, &size) && there == crc &&
		size == part->size;
	if (*kept)
		return 0;
	char *name = text_format(NAME_FORMAT, upload->id, part->index);
	int result = gs_upload(s, name, NULL, &body, &crc, &verified, f);
	free(name);
	if (result == 0 && !verified)
		return fail_set(
			f, STATUS_LATER, "Google Cloud Storage has other bytes than were sent");
	if (result == 0)
		store_set_receipt(upload, part->index, receipt_of(crc, part->size));
	return result;
}

/* Composing. */

static void add_sources(struct cJSON *body, const char *folder, unsigned first, unsigned count)
{
	struct cJSON *sources = json_new_array();
	for (unsigned i = first; i < first + count; i++) {
		struct cJSON *source = json_new_object();
		char *name = text_format(NAME_FORMAT, folder, i);
		json_set_string(source, "name", name);
		json_append(sources, source);
		free(name);
	}
	json_set(body, "sourceObjects", sources);
}

/* What the composed object is to be; what is only on the way to it needs no digest. */
static void add_destination(struct cJSON *body, const char *sha256, const char *crc32c)
{
	struct cJSON *destination = json_new_object(), *metadata = json_new_object();
	json_set_string(destination, "contentType", "application/octet-stream");
	if (sha256 != NULL) {
		json_set_string(metadata, "sha256", sha256);
		json_set_string(metadata, "crc32c", crc32c);
	}
	json_set(destination, "metadata", metadata);
	json_set(body, "destination", destination);
}

struct composition {
	struct store *store;
	char *folder; /* of the objects that are composed, numbered from 0; a slash at its end */
	unsigned count;
	bool gone; /* one was not there: somebody else has composed and deleted them */
};

static int compose(struct composition *c, const char *name, unsigned first, unsigned count,
	const char *sha256, const char *crc32c, struct gs_object *made, struct fail *f)
{
	struct text text = {0};
	struct http_response response;
	struct cJSON *body = json_new_object();
	add_sources(body, c->folder, first, count);
	add_destination(body, sha256, crc32c);
	json_print(body, &text);
	json_release(body);
	struct gs_request request = {
		.method = "POST",
		.name = name,
		.behind = "/compose",
		.content_type = "application/json",
		.body = {.bytes = text.data, .size = text.size},
	};
	*made = (struct gs_object){0};
	int result = gs_send(c->store, &request, &response, f);
	c->gone = result == 0 && response.status == 404;
	if (result == 0 && !c->gone)
		result = gs_expect(c->store, &response, f);
	if (result == 0 && !c->gone)
		result = gs_object_read(&response, made, f);
	http_response_release(&response);
	text_release(&text);
	return result;
}

/* One round: every 32 objects become one, in a folder below. */
static int compose_round(struct composition *c, struct fail *f)
{
	char *below = text_format("%scomposed/", c->folder);
	unsigned made = 0;
	int result = 0;
	for (unsigned first = 0; result == 0 && !c->gone && first < c->count;
		first += COMPOSED_MAX, made++) {
		unsigned left = c->count - first;
		struct gs_object object;
		char *name = text_format(NAME_FORMAT, below, made);
		result = compose(c, name, first, left < COMPOSED_MAX ? left : COMPOSED_MAX, NULL,
			NULL, &object, f);
		gs_object_release(&object);
		free(name);
	}
	free(c->folder);
	c->folder = below;
	c->count = made;
	return result;
}

static char *crc32c_of_whole(const struct store_upload *upload)
{
	uint32_t whole = 0;
	for (unsigned i = 0; i < upload->part_count; i++) {
		uint32_t crc;
		uint64_t size;
		INVARIANT(read_receipt(store_receipt(upload, i), &crc, &size));
		whole = crc32c_join(whole, crc, size);
	}
	return checksum_crc32c(whole);
}

/* The parts are gone. Another caller with the same package may have made the object of them. */
static int ask_object(struct store *s, struct store_upload *upload, struct fail *f)
{
	enum store_has has;
	if (store_has_content(s, &upload->content, &has, f) != 0)
		return -1;
	upload->verified = has == STORE_HAS_SAME;
	return upload->verified ? 0
				: fail_set(f, STATUS_LATER,
					  "its parts were taken away, and the object is not there");
}

static int make_object(struct store *s, struct store_upload *upload, struct fail *f)
{
	struct composition c = {
		.store = s, .folder = text_copy(upload->id), .count = upload->part_count};
	struct gs_object made = {0};
	char *crc32c = crc32c_of_whole(upload);
	char *name = gs_name(s->state, upload->content.path);
	int result = 0;
	while (result == 0 && !c.gone && c.count > COMPOSED_MAX)
		result = compose_round(&c, f);
	if (result == 0 && !c.gone)
		result = compose(&c, name, 0, c.count, upload->content.sha256, crc32c, &made, f);
	if (result == 0 && c.gone)
		result = ask_object(s, upload, f);
	else if (result == 0 && !text_equal(made.crc32c, crc32c))
		result = fail_set(f, STATUS_LATER,
			"composed with CRC-32C %.12s, its parts give %.12s",
			made.crc32c != NULL ? made.crc32c : "none", crc32c);
	else if (result == 0)
		upload->verified = true;
	gs_object_release(&made);
	free(c.folder);
	free(crc32c);
	free(name);
	return result;
}

static int delete_parts(struct store *s, const char *path, struct fail *f)
{
	char *folder = parts_of_path(s->state, path);
	int result = gs_delete_below(s, folder, f);
	free(folder);
	return result;
}

/* The whole store is left alone: it may be a spool, into which others are sending just now. Where a
 * bucket keeps everything for a time, or these credentials may not delete, the objects are whole
 * all the same. */
int gs_sweep(struct store *s, const char *path, struct fail *f)
{
	if (path[0] == '\0' || delete_parts(s, path, f) == 0)
		return 0;
	if (f->status != STATUS_DENIED)
		return -1;
	console_warn("%s: its parts stay in " FOLDER ": %s", path, f->text);
	return 0;
}

int gs_finish(struct store *s, struct store_upload *upload, struct fail *f)
{
	return make_object(s, upload, f) == 0 ? gs_sweep(s, upload->content.path, f) : -1;
}

int gs_abandon(struct store *s, struct store_upload *upload, struct fail *f)
{
	return delete_parts(s, upload->content.path, f);
}
