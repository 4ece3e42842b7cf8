#include "upload/model.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/console.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "packaging/package/manifest.h"
#include "upload/package_source.h"
#include "upload/transfer.h"

#define COMMIT_MARK "MLmodel"
#define CHUNK ((size_t)256 << 10)
#define BEGUN_AHEAD 4 /* more would only have names in the store, and addresses that run out */

static const struct saved_model_file *file_at(const struct upload *u, size_t index)
{
	return &u->manifest->files[index];
}

/* The file as the store is to have it; what it returns, its path, is to be freed. */
static char *content_of(const struct upload *u, size_t index, struct store_content *content)
{
	const struct saved_model_file *file = file_at(u, index);
	char *path = file_join(u->folder, file->path);
	*content = (struct store_content){path, file->size, file->sha256};
	return path;
}

static bool is_small(const struct upload *u, size_t index)
{
	uint64_t size = file_at(u, index)->size;
	return size <= transfer_part_size(u->store, size);
}

static bool is_commit_mark(const struct saved_model_file *file)
{
	return strcmp(file->path, COMMIT_MARK) == 0;
}

static int by_path(const void *path, const void *object)
{
	return strcmp(path, ((const struct store_object *)object)->path);
}

static const struct store_object *find_in(const struct store_listing *listing, const char *path)
{
	if (listing->count == 0)
		return NULL;
	return bsearch(path, listing->objects, listing->count, sizeof(*listing->objects), by_path);
}

static const struct store_object *find_listed(const struct upload *u, const char *path)
{
	return find_in(&u->listing, path);
}

/* What is there. */

/* Our own MLmodel at its place: then everything else was verified before it was put there, and is
 * verified again. */
static int check_commit_mark(struct upload *u, size_t index, struct fail *f)
{
	struct store_content content;
	char *path = content_of(u, index, &content);
	const struct store_object *object = find_listed(u, file_at(u, index)->path);
	enum store_has has = STORE_HAS_NOT;
	int result = 0;
	if (object != NULL)
		has = STORE_HAS_OTHER;
	if (object != NULL && object->size == content.size)
		result = store_has_content(u->store, &content, &has, f);
	if (result == 0 && has == STORE_HAS_OTHER) {
		fail_set(f, STATUS_REFUSED, "%s: the run already holds another model there", path);
		result = fail_hint(f, "train in a new run, or hand over another \"artifact_path\"");
	}
	free(path);
	return result;
}

static int check_large(struct upload *u, size_t index, struct fail *f)
{
	struct store_content content;
	char *path = content_of(u, index, &content);
	int result = transfer_check(&u->transfers, &content, &u->files[index].has, f);
	free(path);
	return result;
}

/* What the list does not prove is asked for: of a small file once its bytes are at hand. */
static int look_at(struct upload *u, size_t index, struct fail *f)
{
	const struct saved_model_file *file = file_at(u, index);
	const struct store_object *object = find_listed(u, file->path);
	struct upload_file *state = &u->files[index];
	if (is_commit_mark(file) && check_commit_mark(u, index, f) != 0)
		return -1;
	if (object == NULL || object->size != file->size)
		return 0;
	state->listed = object;
	if (object->digest != NULL && strcmp(object->digest, file->sha256) == 0)
		state->has = STORE_HAS_SAME;
	else if (!is_small(u, index) && u->store->plan == NULL)
		return check_large(u, index, f);
	return 0;
}

static int look(struct upload *u, struct fail *f)
{
	for (size_t i = 0; i < u->manifest->file_count; i++)
		if (look_at(u, i, f) != 0)
			return -1;
	if (transfers_wait_checks(&u->transfers, f) != 0)
		return -1;
	for (size_t i = 0; i < u->manifest->file_count; i++) {
		if (u->files[i].has != STORE_HAS_SAME)
			continue;
		u->files[i].state = UPLOAD_DONE;
		transfer_count(&u->transfers, 0, true);
	}
	return 0;
}

/* What goes in parts is begun before its bytes are there: a store may take its time. */

static int begin_large(struct upload *u, size_t index, struct fail *f)
{
	struct upload_file *file = &u->files[index];
	struct store_content content;
	if (file->state != UPLOAD_TO_SEND || is_small(u, index))
		return 0;
	if (u->store->kind->begin == NULL || u->store->plan != NULL) {
		file->state = UPLOAD_STREAMED;
		return 0;
	}
	char *path = content_of(u, index, &content);
	int result = transfer_begin(&u->transfers, &content, &file->begun, f);
	free(path);
	return result;
}

/* Of those behind files[index], so that as many as there should be are begun. */
static int begin_ahead(struct upload *u, size_t index, struct fail *f)
{
	size_t ahead = 0;
	for (size_t i = index; i < u->begun; i++)
		ahead += u->files[i].begun.asked;
	for (; ahead < BEGUN_AHEAD && u->begun < u->manifest->file_count; u->begun++) {
		if (begin_large(u, u->begun, f) != 0)
			return -1;
		ahead += u->files[u->begun].begun.asked;
	}
	return 0;
}

static bool is_of_package(const void *manifest, const char *path)
{
	return manifest_find(manifest, path) >= 0;
}

int upload_open(struct upload *u, struct fail *f)
{
	size_t count = u->manifest->file_count;
	if (store_list_some(u->store, u->folder, is_of_package, u->manifest, &u->listing, f) != 0)
		return -1;
	transfers_open(&u->transfers, u->store, u->manifest->model_bytes);
	u->transfers.by_size = u->store->options->verify == STORE_VERIFY_SIZE;
	pace_open(&u->pace, u->store->options->limit_rate);
	u->files = memory_get(count > 0 ? count : 1, sizeof(*u->files));
	u->index = count;
	u->begun = 0;
	u->is_open = true;
	if (look(u, f) != 0)
		return -1;
	return upload_may_start(u) ? begin_ahead(u, 0, f) : 0;
}

bool upload_may_start(const struct upload *u)
{
	return find_listed(u, COMMIT_MARK) == NULL;
}

/* The bytes of the files. */

/* The first bytes of a file, or its end where it has none. */
static int start_file(struct upload *u, size_t index, int64_t *patience, struct fail *f)
{
	struct upload_file *file = &u->files[index];
	struct transfer_small small = {
		.listed = file->listed, .is_last = is_commit_mark(file_at(u, index))};
	if (begin_ahead(u, index, f) != 0)
		return -1;
	if (file->begun.asked && transfer_wait_begun(&u->transfers, &file->begun, patience, f) != 0)
		return -1;
	if (file->begun.asked && file->begun.object == NULL)
		file->state = UPLOAD_STREAMED;
	u->index = index;
	free(u->path);
	u->path = content_of(u, index, &small.content);
	intake_begin(&u->intake, &u->transfers, &small, file->begun.object);
	return 0;
}

/* How many of these bytes were handed over before. */
static size_t taken_of(struct upload *u, size_t size)
{
	const struct transfer_object *object = u->files[u->index].begun.object;
	uint64_t taken = object != NULL ? transfer_handed_over(object) : 0;
	uint64_t known =
		u->at < taken + u->intake.gathered ? taken + u->intake.gathered - u->at : 0;
	return known < size ? (size_t)known : size;
}

static int take(struct upload *u, const void *bytes, size_t size, int64_t *patience, struct fail *f)
{
	size_t taken = taken_of(u, size);
	u->at += size;
	if (size > 0)
		return intake_next(
			&u->intake, (const char *)bytes + taken, size - taken, patience, f);
	if (intake_end(&u->intake, patience, f) != 0)
		return -1;
	u->files[u->index].state = UPLOAD_DONE;
	return 0;
}

int upload_next(struct upload *u, size_t index, const void *bytes, size_t size, int64_t *patience,
	struct fail *f)
{
	if (u->files[index].state == UPLOAD_TO_SEND && index != u->index) {
		u->at = 0;
		if (start_file(u, index, patience, f) != 0)
			return -1;
	}
	if (u->files[index].state != UPLOAD_TO_SEND)
		return 0;
	if (take(u, bytes, size, patience, f) == 0)
		return 0;
	intake_drop(&u->intake);
	u->index = u->manifest->file_count;
	return -1;
}

/* From the package. */

/* struct stream - one file, read by the worker that sends it */
struct stream {
	struct package_source source;
	struct transfers *transfers;
};

static void release_stream(void *context)
{
	struct stream *stream = context;
	package_source_release(&stream->source);
	free(stream);
}

static int stream_read(void *context, void *buffer, size_t size, size_t *got, struct fail *f)
{
	struct stream *stream = context;
	if (package_source_read(&stream->source, buffer, size, got, f) != 0)
		return -1;
	transfer_progress(stream->transfers, *got);
	return 0;
}

static int stream_rewind(void *context, struct fail *f)
{
	struct stream *stream = context;
	return package_source_rewind(&stream->source, f);
}

static int send_stream(struct upload *u, size_t index, struct fail *f)
{
	struct store_content content;
	struct stream *stream = memory_get(1, sizeof(*stream));
	char *path = content_of(u, index, &content);
	package_source_open(&stream->source, u->package, u->manifest, &u->pace);
	stream->source.index = index;
	stream->transfers = &u->transfers;
	struct http_body body = {.size = content.size,
		.read = stream_read,
		.rewind = stream_rewind,
		.context = stream};
	u->files[index].state = UPLOAD_DONE;
	int result = transfer_stream(&u->transfers, &content, &body, release_stream, f);
	free(path);
	return result;
}

static int feed_file(struct upload *u, struct package_source *source, size_t index, struct fail *f)
{
	size_t got;
	char *buffer = memory_get(CHUNK, 1);
	int result = package_source_go_to(source, index, f);
	do {
		if (result == 0)
			result = package_source_read(source, buffer, CHUNK, &got, f);
		if (result == 0)
			result = upload_next(u, index, buffer, got, NULL, f);
	} while (result == 0 && got > 0 && u->files[index].state == UPLOAD_TO_SEND);
	free(buffer);
	return result;
}

/* Behind the last file that is still to go in parts. */
static size_t end_of_parts(const struct upload *u)
{
	size_t end = u->manifest->file_count;
	while (end > 0 && (is_small(u, end - 1) || u->files[end - 1].state == UPLOAD_DONE))
		end--;
	return end;
}

static int compare_size(
	const struct saved_model_file *file, const struct store_listing *listing, struct fail *f)
{
	const struct store_object *object = find_in(listing, file->path);
	if (object != NULL && object->size == file->size)
		return 0;
	if (object == NULL)
		return fail_set(
			f, STATUS_LATER, "%s: the store took it, and does not list it", file->path);
	return fail_set(f, STATUS_LATER, "%s: listed with %" PRIu64 " bytes, sent were %" PRIu64,
		file->path, object->size, file->size);
}

/* Of all files but MLmodel, which is not there yet, where not all of them were verified. */
static int compare_sizes(struct upload *u, struct fail *f)
{
	struct store_listing listing = {0};
	if (u->transfers.unread == 0)
		return 0;
	int result = store_list_some(u->store, u->folder, is_of_package, u->manifest, &listing, f);
	for (size_t i = 0; result == 0 && i < u->manifest->file_count; i++)
		if (!is_commit_mark(file_at(u, i)))
			result = compare_size(file_at(u, i), &listing, f);
	store_listing_release(&listing);
	return result;
}

static int feed(struct upload *u, struct package_source *source, struct fail *f)
{
	size_t end = end_of_parts(u);
	u->index = u->manifest->file_count; /* from their first bytes on */
	intake_drop(&u->intake);
	for (size_t i = 0; i < u->manifest->file_count; i++) {
		if (i == end && transfers_make(&u->transfers, f) != 0)
			return -1;
		if (u->files[i].state == UPLOAD_TO_SEND && feed_file(u, source, i, f) != 0)
			return -1;
		if (u->files[i].state == UPLOAD_STREAMED && send_stream(u, i, f) != 0)
			return -1;
	}
	if (transfers_wait(&u->transfers, f) != 0 || compare_sizes(u, f) != 0)
		return -1;
	return transfers_send_last(&u->transfers, f);
}

/* A plan is made in order, and nothing is read for it. */
static int plan_files(struct upload *u, bool commit_mark, struct fail *f)
{
	for (size_t i = 0; i < u->manifest->file_count; i++) {
		struct store_content content;
		struct http_body body = {0};
		enum store_has has = STORE_HAS_NOT;
		bool verified;
		if (is_commit_mark(file_at(u, i)) != commit_mark)
			continue;
		char *path = content_of(u, i, &content);
		int result = u->files[i].listed != NULL
				     ? store_has_content(u->store, &content, &has, f)
				     : 0;
		if (result == 0 && has != STORE_HAS_SAME)
			result = store_put(u->store, &content, &body, &verified, f);
		bool kept = has == STORE_HAS_SAME;
		transfer_count(&u->transfers, kept ? 0 : content.size, kept);
		free(path);
		if (result != 0)
			return -1;
	}
	return 0;
}

static int run_planned(struct upload *u, struct fail *f)
{
	return plan_files(u, false, f) == 0 ? plan_files(u, true, f) : -1;
}

static int run_once(struct upload *u, struct fail *f)
{
	struct package_source source;
	package_source_open(&source, u->package, u->manifest, &u->pace);
	transfers_show(&u->transfers, u->manifest->model_bytes);
	int result = u->store->plan != NULL ? run_planned(u, f) : feed(u, &source, f);
	package_source_release(&source);
	if (result == 0)
		store_sweep(u->store, u->folder);
	u->sent = u->transfers.sent;
	u->kept = u->transfers.kept;
	u->bytes = u->transfers.bytes;
	u->unread = u->transfers.unread;
	return result;
}

static int run_again(struct upload *u, struct fail *f)
{
	console_warn("%s: it is tried another way", f->text);
	upload_release(u, f);
	return upload_open(u, f) == 0 ? run_once(u, f) : -1;
}

int upload_run(struct upload *u, struct fail *f)
{
	struct store *store = u->store;
	int result = run_once(u, f);
	if (result != 0 && store->kind->has_another_way != NULL &&
		store->kind->has_another_way(store))
		result = run_again(u, f);
	return result;
}

void upload_release(struct upload *u, const struct fail *f)
{
	if (!u->is_open)
		return;
	intake_drop(&u->intake);
	transfers_release(&u->transfers, f);
	pace_release(&u->pace);
	store_listing_release(&u->listing);
	free(u->files);
	free(u->path);
	u->files = NULL;
	u->path = NULL;
	u->is_open = false;
}
