#include "store/hdfs/put.h"

#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/text.h"
#include "http/body.h"
#include "http/url.h"
#include "packaging/digest/sha256.h"
#include "store/hdfs/call.h"
#include "store/hdfs/file.h"
#include "store/store.h"

#define LEFTOVERS_MAX 1000

#define TRIES_WHEN_GONE 3
#define BLOCK_USUAL ((uint64_t)128 << 20)
#define CHUNK_USUAL 512

/* What killed calls left. */

/* A DataNode ends a file when the connection of its writer breaks: what is still open is being
 * written by somebody who lives. Whoever loses one between its end and its rename sends it again.
 */
static int remove_if_ended(struct store *s, const char *path, struct fail *f)
{
	struct hdfs_operation operation = {
		.method = "GET", .name = "GET_BLOCK_LOCATIONS", .path = path};
	struct hdfs_reply reply;
	struct json_lenient answer;
	bool open = true;
	int result = hdfs_ask_json(s, &operation, &reply, &answer, f);
	if (result == 0 && reply.http.status == 200) {
		const struct json_lenient_value *blocks =
			json_lenient_object(&answer, json_lenient_root(&answer), "LocatedBlocks");
		json_lenient_need(&answer, blocks, "isUnderConstruction");
		open = json_lenient_bool(&answer, blocks, "isUnderConstruction") || blocks == NULL;
		result = json_lenient_check(&answer, f);
	}
	json_lenient_release(&answer);
	hdfs_reply_release(&reply);
	return result == 0 && !open ? hdfs_remove(s, path, f) : result;
}

/* struct leftovers - names of files that calls on their way, or dead, have made; owned */
struct leftovers {
	char **names;
	size_t count;
};

static int take_leftover(void *context, const struct entry *entry, struct fail *f)
{
	struct leftovers *left = context;
	(void)f;
	if (entry->is_folder || !hdfs_is_temporary(entry->name) || left->count == LEFTOVERS_MAX)
		return 0; /* the next call sees to the rest */
	left->names = memory_grow(left->names, left->count + 1, sizeof(*left->names));
	left->names[left->count++] = text_copy(entry->name);
	return 0;
}

static void forget_leftovers(void *context)
{
	struct leftovers *left = context;
	for (size_t i = 0; i < left->count; i++)
		free(left->names[i]);
	free(left->names);
	*left = (struct leftovers){0};
}

static int sweep_folder(struct store *s, const char *folder, struct fail *f)
{
	struct leftovers left = {0};
	struct entry_taker taker = {take_leftover, forget_leftovers, &left};
	int result = hdfs_list_folder(s, folder, &taker, f);
	for (size_t i = 0; result == 0 && i < left.count; i++) {
		char *path = hdfs_below(folder, left.names[i]);
		result = remove_if_ended(s, path, f);
		free(path);
	}
	forget_leftovers(&left);
	return result;
}

static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	return text_format("%.*s", slash != NULL ? (int)(slash - path) : 0, path);
}

static bool is_swept(const struct hdfs *hdfs, const char *folder)
{
	for (size_t i = 0; i < hdfs->swept_count; i++)
		if (strcmp(hdfs->swept[i], folder) == 0)
			return true;
	return false;
}

/* Before anything of this store is written there, so that no file of ours is taken for a leftover.
 */
static int sweep_once(struct store *s, const char *path, struct fail *f)
{
	struct hdfs *hdfs = s->state;
	char *folder = folder_of(path);
	int result = 0;
	pthread_mutex_lock(&hdfs->learning);
	if (!is_swept(hdfs, folder)) {
		result = sweep_folder(s, folder, f);
		hdfs->swept = memory_grow(hdfs->swept, hdfs->swept_count + 1, sizeof(*hdfs->swept));
		hdfs->swept[hdfs->swept_count++] = text_copy(folder);
	}
	pthread_mutex_unlock(&hdfs->learning);
	free(folder);
	return result;
}

/* Sizes of blocks and chunks: what the cluster says it gives, and what is usual. */

static void read_defaults(struct store *s, uint64_t *block, uint32_t *chunk)
{
	struct hdfs_operation operation = {
		.method = "GET", .name = "GETSERVERDEFAULTS", .path = ""};
	struct hdfs_reply reply;
	struct json_lenient answer;
	struct fail ignored;
	int64_t told_block = 0, told_chunk = 0;
	if (hdfs_ask_json(s, &operation, &reply, &answer, &ignored) == 0) {
		const struct json_lenient_value *told = json_lenient_object(
			&answer, json_lenient_root(&answer), "FsServerDefaults");
		told_block = json_lenient_integer(&answer, told, "blockSize");
		told_chunk = json_lenient_integer(&answer, told, "bytesPerChecksum");
	}
	json_lenient_release(&answer);
	hdfs_reply_release(&reply);
	bool fine = told_chunk > 0 && told_chunk <= 1 << 20 && told_block > 0 &&
		    told_block % told_chunk == 0;
	*block = fine ? (uint64_t)told_block : BLOCK_USUAL;
	*chunk = fine ? (uint32_t)told_chunk : CHUNK_USUAL;
}

static void sum_init(struct store *s, struct hdfs_sum *sum)
{
	struct hdfs *hdfs = s->state;
	pthread_mutex_lock(&hdfs->learning);
	if (hdfs->block == 0)
		read_defaults(s, &hdfs->block, &hdfs->chunk);
	hdfs_sum_init(sum, hdfs->block, hdfs->chunk);
	pthread_mutex_unlock(&hdfs->learning);
}

/* Put. */

/* struct passing - a body whose checksum is made while it goes by */
struct passing {
	struct store *store;
	const struct http_body *body;
	struct hdfs_sum sum;
};

static int passing_read(void *context, void *buffer, size_t size, size_t *got, struct fail *f)
{
	struct passing *p = context;
	if (p->body->read(p->body->context, buffer, size, got, f) != 0)
		return -1;
	hdfs_sum_add(&p->sum, buffer, *got);
	return 0;
}

static int passing_rewind(void *context, struct fail *f)
{
	struct passing *p = context;
	hdfs_sum_release(&p->sum);
	sum_init(p->store, &p->sum);
	return p->body->rewind(p->body->context, f);
}

static int send_body(struct store *s, const char *path, struct passing *p, struct fail *f)
{
	struct hdfs_operation operation = {
		.method = "PUT", .name = "CREATE", .path = path, .more = "&overwrite=true"};
	struct hdfs_reply reply;
	operation.body = *p->body;
	sum_init(s, &p->sum);
	if (p->body->bytes == NULL && p->body->read != NULL) {
		operation.body.read = passing_read;
		operation.body.rewind = passing_rewind;
		operation.body.context = p;
	} else {
		hdfs_sum_add(&p->sum, p->body->bytes, p->body->size);
	}
	int result = hdfs_transfer(s, &operation, &reply, f);
	if (result == 0)
		result = hdfs_expect(s, &reply, f);
	hdfs_reply_release(&reply);
	return result;
}

/* Bytes that are still at hand are summed again for the sizes that were told. */
static bool is_sum_of(struct passing *p, const struct hdfs_checksum *checksum)
{
	uint64_t block = checksum->chunks_per_block * checksum->chunk;
	if (!hdfs_sum_fits(&p->sum, checksum) && p->body->bytes != NULL) {
		if (block == 0)
			block = (p->body->size / checksum->chunk + 1) * checksum->chunk;
		hdfs_sum_release(&p->sum);
		hdfs_sum_init(&p->sum, block, checksum->chunk);
		hdfs_sum_add(&p->sum, p->body->bytes, p->body->size);
	}
	return hdfs_sum_is(&p->sum, checksum);
}

/* What lies under a name, beside what was sent. A checksum that differs may be of a kind that is
 * not known here (erasure coding): then the bytes themselves tell. */
enum stored {
	STORED_NOTHING,
	STORED_OTHER,
	STORED_SAME,
};

static int look_at(struct store *s, const char *path, const struct store_content *content,
	struct passing *p, enum stored *stored, struct fail *f)
{
	struct hdfs_checksum checksum;
	char sha256[SHA256_HEX];
	bool known = false, found;
	uint64_t size;
	*stored = STORED_NOTHING;
	if (hdfs_read_size(s, path, &size, &found, f) != 0)
		return -1;
	if (!found)
		return 0;
	*stored = size != content->size ? STORED_OTHER : STORED_SAME;
	if (*stored == STORED_OTHER || size == 0)
		return 0;
	if (hdfs_read_checksum(s, path, &checksum, &known, f) != 0)
		return -1;
	if (known && is_sum_of(p, &checksum))
		return 0;
	if (store_get_digest(s, path, sha256, &size, &found, f) != 0)
		return -1;
	*stored = !found				? STORED_NOTHING
		  : text_equal(sha256, content->sha256) ? STORED_SAME
							: STORED_OTHER;
	return 0;
}

/* A convenience of a later call: a cluster may be set to take no attributes. */
static void keep_digest(struct store *s, const char *path, const char *sha256)
{
	struct hdfs_reply reply;
	struct fail ignored;
	char *more =
		text_format("&xattr.name=" HDFS_ATTRIBUTE "&xattr.value=0x%s&flag=CREATE", sha256);
	struct hdfs_operation operation = {
		.method = "PUT", .name = "SETXATTR", .path = path, .more = more};
	if (hdfs_ask(s, &operation, &reply, &ignored) == 0)
		hdfs_reply_release(&reply);
	free(more);
}

/* *moved false: what was to be moved is not there. */
static int move(struct store *s, const char *from, const char *to, bool *moved, struct fail *f)
{
	struct hdfs *hdfs = s->state;
	struct hdfs_reply reply;
	char *target = hdfs_path(hdfs, to);
	char *escaped = http_escape_query(target);
	char *more = text_format("&destination=%s&renameoptions=OVERWRITE", escaped);
	struct hdfs_operation operation = {
		.method = "PUT", .name = "RENAME", .path = from, .more = more};
	int result = hdfs_ask(s, &operation, &reply, f);
	*moved = result == 0 && !hdfs_is_missing(&reply);
	if (*moved)
		result = hdfs_expect(s, &reply, f);
	if (result == 0 && strstr(text_string(&reply.http.body), "false") != NULL)
		result = fail_set(f, STATUS_REFUSED,
			"what answers does not put a file over another (RENAME with OVERWRITE)");
	hdfs_reply_release(&reply);
	free(more);
	free(escaped);
	free(target);
	return result;
}

/* From the temporary to its place; *stored NOTHING: it has to be sent again. An answer to RENAME
 * that got lost is asked for once more, and then there is nothing to move: the file at its place
 * tells. */
static int put_in_place(struct store *s, const char *temporary, const struct store_content *content,
	struct passing *p, enum stored *stored, struct fail *f)
{
	bool moved;
	if (look_at(s, temporary, content, p, stored, f) != 0)
		return -1;
	if (*stored == STORED_OTHER)
		return fail_set(f, STATUS_LATER, "HDFS has other bytes than were sent");
	if (*stored == STORED_NOTHING)
		return 0;
	keep_digest(s, temporary, content->sha256);
	if (move(s, temporary, content->path, &moved, f) != 0)
		return -1;
	if (moved)
		return 0;
	if (look_at(s, content->path, content, p, stored, f) != 0)
		return -1;
	if (*stored == STORED_OTHER)
		*stored = STORED_NOTHING;
	return 0;
}

static bool is_answered(const struct fail *f)
{
	return f->http != 0 || f->status == STATUS_UNACCEPTABLE || f->status == STATUS_REFUSED;
}

static int put_once(struct store *s, const struct store_content *content, struct passing *p,
	enum stored *stored, struct fail *f)
{
	struct fail ignored;
	char *folder = folder_of(content->path);
	const char *name = content->path + strlen(folder) + (folder[0] != '\0');
	char *hidden = text_format(".%s.%08x%08x" HDFS_TEMPORARY_END, name,
		random_below(UINT32_MAX), random_below(UINT32_MAX));
	char *temporary = hdfs_below(folder, hidden);
	int result = send_body(s, temporary, p, f);
	if (result == 0)
		result = put_in_place(s, temporary, content, p, stored, f);
	if (result != 0 && is_answered(f))
		(void)!hdfs_remove(s, temporary, &ignored);
	free(temporary);
	free(hidden);
	free(folder);
	return result;
}

int hdfs_put(struct store *s, const struct store_content *content, const struct http_body *body,
	bool *verified, struct fail *f)
{
	struct passing p = {.store = s, .body = body};
	enum stored stored = STORED_NOTHING;
	int result = sweep_once(s, content->path, f);
	for (int i = 0; result == 0 && stored == STORED_NOTHING && i < TRIES_WHEN_GONE; i++) {
		if (i > 0)
			result = http_body_rewind(body, f);
		if (result == 0)
			result = put_once(s, content, &p, &stored, f);
		hdfs_sum_release(&p.sum);
	}
	if (result == 0 && stored == STORED_NOTHING)
		result = fail_set(
			f, STATUS_LATER, "what was sent was taken away before it was in its place");
	*verified = result == 0;
	return result;
}

void hdfs_sweep_again(struct store *s)
{
	struct hdfs *hdfs = s->state;
	struct fail ignored;
	hdfs->closing = true;
	for (size_t i = 0; i < hdfs->swept_count; i++)
		if (sweep_folder(s, hdfs->swept[i], &ignored) != 0)
			return;
}
