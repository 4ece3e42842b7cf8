#include "upload/model.h"

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
#define OVERLAP_WAIT_MS 10000

static const struct saved_model_file *file_at(const struct upload *u, size_t index)
{
	return &u->manifest->files[index];
}

char *upload_content(const struct upload *u, size_t index, struct store_content *content)
{
	const struct saved_model_file *file = file_at(u, index);
	char *path = file_join(u->folder, file->path);
	*content = (struct store_content){path, file->size, file->sha256};
	return path;
}

bool upload_is_small(const struct upload *u, size_t index)
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

static const struct store_object *find_listed(const struct upload *u, const char *path)
{
	const struct store_listing *listing = &u->listing;
	if (listing->count == 0)
		return NULL;
	return bsearch(path, listing->objects, listing->count, sizeof(*listing->objects), by_path);
}

bool upload_is_listed(const struct upload *u, size_t index)
{
	const struct saved_model_file *file = file_at(u, index);
	const struct store_object *object = find_listed(u, file->path);
	return object != NULL && object->size == file->size;
}

/* Files that the store takes in one, straight from the package. */

static int stream_rewind(void *context, struct fail *f)
{
	struct upload *u = context;
	return package_source_rewind(&u->package_source, f);
}

static int stream_read(void *context, void *buffer, size_t size, size_t *got, struct fail *f)
{
	struct upload *u = context;
	if (package_source_read(&u->package_source, buffer, size, got, f) != 0)
		return -1;
	transfer_progress(&u->transfers, *got);
	return 0;
}

static int send_whole(
	struct upload *u, size_t index, const struct store_content *content, struct fail *f)
{
	struct store *store = u->store;
	struct http_body body = {
		.size = content->size, .read = stream_read, .rewind = stream_rewind, .context = u};
	bool verified;
	if (store->plan == NULL && package_source_go_to(&u->package_source, index, f) != 0)
		return -1;
	if (store_put(store, content, &body, &verified, f) != 0)
		return -1;
	if (!verified && store->plan == NULL)
		return transfer_sent(&u->transfers, content, f);
	transfer_count(&u->transfers, content->size, false);
	return 0;
}

/* Files in parts. */

static int read_parts(struct upload *u, struct transfer_object *object, struct fail *f)
{
	size_t size, capacity;
	bool last;
	while ((size = transfer_next_part(object, &last, &capacity)) > 0) {
		void *bytes;
		if (transfer_take_memory(&u->transfers, capacity, &bytes, f) != 0)
			return -1;
		if (package_source_fill(&u->package_source, bytes, size, last, f) != 0) {
			transfer_drop_memory(&u->transfers, bytes, capacity);
			return -1;
		}
		if (transfer_part(&u->transfers, object, bytes, f) != 0)
			return -1;
	}
	return 0;
}

/* The file whose upload began during packing and did not end then: the bytes of the parts that were
 * sent are skipped here, but still digested. */
static int pass_over(struct upload *u, uint64_t size, struct fail *f)
{
	char buffer[32768];
	size_t got;
	for (; size > 0; size -= got)
		if (package_source_read(&u->package_source, buffer,
			    size < sizeof(buffer) ? (size_t)size : sizeof(buffer), &got, f) != 0)
			return -1;
	return 0;
}

static int go_on(struct upload *u, size_t index, struct fail *f)
{
	struct transfer_object *object = u->overlap.object;
	if (package_source_go_to(&u->package_source, index, f) != 0 ||
		pass_over(u, transfer_handed_over(object), f) != 0)
		return -1;
	return read_parts(u, object, f);
}

static int send_large(
	struct upload *u, size_t index, const struct store_content *content, struct fail *f)
{
	struct store *store = u->store;
	struct transfer_object *object = NULL;
	enum store_has has = STORE_HAS_NOT;
	if (u->overlap.object != NULL && u->overlap.index == index)
		return go_on(u, index, f);
	if (upload_is_listed(u, index) && store_has_content(store, content, &has, f) != 0)
		return -1;
	if (has == STORE_HAS_SAME) {
		transfer_count(&u->transfers, 0, true);
		return 0;
	}
	if (store->plan == NULL && store->kind->begin != NULL &&
		transfer_begin(&u->transfers, content, &object, f) != 0)
		return -1;
	if (object == NULL)
		return send_whole(u, index, content, f);
	return package_source_go_to(&u->package_source, index, f) == 0 ? read_parts(u, object, f)
								       : -1;
}

static int send_small(
	struct upload *u, size_t index, const struct store_content *content, struct fail *f)
{
	size_t size = (size_t)content->size;
	void *bytes;
	if (package_source_go_to(&u->package_source, index, f) != 0 ||
		transfer_take_memory(&u->transfers, size, &bytes, f) != 0)
		return -1;
	if (package_source_fill(&u->package_source, bytes, size, true, f) != 0) {
		transfer_drop_memory(&u->transfers, bytes, size);
		return -1;
	}
	bool listed = upload_is_listed(u, index);
	return transfer_small(&u->transfers, content, bytes, listed, f);
}

static int send_file(struct upload *u, size_t index, struct fail *f)
{
	struct store_content content;
	char *path = upload_content(u, index, &content);
	/* a plan is made in order, by one thread */
	int result = upload_is_small(u, index) && u->store->plan == NULL
			     ? send_small(u, index, &content, f)
			     : send_large(u, index, &content, f);
	free(path);
	return result;
}

/* Our own MLmodel at its place: then everything else was verified before it was put there, and is
 * verified again. */
static int check_commit_mark(struct upload *u, size_t index, struct fail *f)
{
	struct store_content content;
	char *path = upload_content(u, index, &content);
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

/* Behind the last file that is still to go in parts. */
static size_t end_of_parts(const struct upload *u)
{
	size_t end = u->manifest->file_count;
	while (end > 0 && (upload_is_small(u, end - 1) || u->overlap.sent[end - 1]))
		end--;
	return end;
}

static int send_files(struct upload *u, bool commit_mark, struct fail *f)
{
	size_t end = end_of_parts(u);
	for (size_t i = 0; i < u->manifest->file_count; i++) {
		if (i == end && transfers_make(&u->transfers, f) != 0)
			return -1;
		if (is_commit_mark(file_at(u, i)) == commit_mark && !u->overlap.sent[i] &&
			send_file(u, i, f) != 0)
			return -1;
	}
	return transfers_wait(&u->transfers, f);
}

static int send_all(struct upload *u, struct fail *f)
{
	for (size_t i = 0; i < u->manifest->file_count; i++)
		if (is_commit_mark(file_at(u, i)) && check_commit_mark(u, i, f) != 0)
			return -1;
	if (send_files(u, false, f) != 0)
		return -1;
	return send_files(u, true, f);
}

/* What may not be sent at all, or only slowly, is not sent before its time. */
static bool may_overlap(const struct upload *u)
{
	return find_listed(u, COMMIT_MARK) == NULL && u->store->options->limit_rate == 0;
}

static void drop_gathered(struct upload *u)
{
	struct upload_overlap *overlap = &u->overlap;
	if (overlap->bytes == NULL)
		return;
	transfer_drop_memory(&u->transfers, overlap->bytes, overlap->capacity);
	overlap->bytes = NULL;
}

static bool is_of_package(const void *manifest, const char *path)
{
	return manifest_find(manifest, path) >= 0;
}

int upload_open(struct upload *u, struct fail *f)
{
	if (store_list_some(u->store, u->folder, is_of_package, u->manifest, &u->listing, f) != 0)
		return -1;
	transfers_open(&u->transfers, u->store, u->manifest->model_bytes);
	u->overlap = (struct upload_overlap){
		.sent = memory_get(u->manifest->file_count, sizeof(*u->overlap.sent)),
		.index = u->manifest->file_count,
		.time_left = OVERLAP_WAIT_MS,
		.over = !may_overlap(u),
	};
	u->is_open = true;
	return 0;
}

static int run_once(struct upload *u, struct fail *f)
{
	drop_gathered(u);
	package_source_open(
		&u->package_source, u->package, u->manifest, u->store->options->limit_rate);
	transfers_show(&u->transfers, u->manifest->model_bytes);
	int result = send_all(u, f);
	if (result == 0)
		store_sweep(u->store, u->folder);
	u->sent = u->transfers.sent;
	u->kept = u->transfers.kept;
	u->bytes = u->transfers.bytes;
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
	drop_gathered(u);
	transfers_release(&u->transfers, f);
	package_source_release(&u->package_source);
	store_listing_release(&u->listing);
	free(u->overlap.sent);
	u->overlap = (struct upload_overlap){0};
	u->is_open = false;
}
