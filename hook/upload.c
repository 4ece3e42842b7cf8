#include "upload.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "delivery.h"
#include "passage.h"

#define COMMIT_MARK "MLmodel"

/* struct passing - an upload while it runs; this thread reads, the lanes send */
struct passing {
	struct upload *upload;
	struct store_listing listing;
	struct passage passage;
	struct deliveries deliveries;
};

static const struct saved_model_file *file_at(const struct upload *upload, size_t index)
{
	return &upload->manifest->files[index];
}

static bool is_commit_mark(const struct saved_model_file *file)
{
	return strcmp(file->path, COMMIT_MARK) == 0;
}

static int by_path(const void *path, const void *object)
{
	return strcmp(path, ((const struct store_object *)object)->path);
}

static const struct store_object *find_listed(
	const struct passing *p, const struct saved_model_file *file)
{
	const struct store_listing *listing = &p->listing;
	if (listing->count == 0)
		return NULL;
	return bsearch(
		file->path, listing->objects, listing->count, sizeof(*listing->objects), by_path);
}

/* Whether the store has one of that name and size, which only its bytes can tell apart. */
static bool is_listed(const struct passing *p, const struct saved_model_file *file)
{
	const struct store_object *object = find_listed(p, file);
	return object != NULL && object->size == file->size;
}

/* Files that the store takes in one, straight from the package. */

static int stream_rewind(void *context, struct fail *f)
{
	struct passing *p = context;
	return passage_rewind(&p->passage, f);
}

static int stream_read(void *context, void *buffer, size_t size, size_t *got, struct fail *f)
{
	struct passing *p = context;
	if (passage_read(&p->passage, buffer, size, got, f) != 0)
		return -1;
	delivery_progress(&p->deliveries, *got);
	return 0;
}

static int send_whole(
	struct passing *p, size_t index, const struct store_content *content, struct fail *f)
{
	struct store *store = p->upload->store;
	struct http_body body = {
		.size = content->size, .read = stream_read, .rewind = stream_rewind, .context = p};
	bool proven;
	if (store->plan == NULL && passage_go_to(&p->passage, index, f) != 0)
		return -1;
	if (store_put(store, content, &body, &proven, f) != 0)
		return -1;
	if (!proven && store->plan == NULL && delivery_prove(store, content, f) != 0)
		return -1;
	delivery_count(&p->deliveries, content->size, false);
	return 0;
}

/* Files in parts. */

static int read_parts(struct passing *p, struct delivery_object *object, struct fail *f)
{
	size_t size, room;
	bool last;
	while ((size = delivery_next_part(object, &last, &room)) > 0) {
		void *bytes;
		if (delivery_room(&p->deliveries, room, &bytes, f) != 0)
			return -1;
		if (passage_fill(&p->passage, bytes, size, last, f) != 0) {
			delivery_drop_room(&p->deliveries, bytes, room);
			return -1;
		}
		if (delivery_part(&p->deliveries, object, bytes, f) != 0)
			return -1;
	}
	return 0;
}

static int send_large(
	struct passing *p, size_t index, const struct store_content *content, struct fail *f)
{
	struct store *store = p->upload->store;
	struct delivery_object *object = NULL;
	enum store_has has = STORE_HAS_NOT;
	if (is_listed(p, file_at(p->upload, index)) &&
		store_has_content(store, content, &has, f) != 0)
		return -1;
	if (has == STORE_HAS_SAME) {
		delivery_count(&p->deliveries, 0, true);
		return 0;
	}
	if (store->plan == NULL && store->kind->begin != NULL &&
		delivery_begin(&p->deliveries, content, &object, f) != 0)
		return -1;
	if (object == NULL)
		return send_whole(p, index, content, f);
	return passage_go_to(&p->passage, index, f) == 0 ? read_parts(p, object, f) : -1;
}

static int send_small(
	struct passing *p, size_t index, const struct store_content *content, struct fail *f)
{
	size_t size = (size_t)content->size;
	void *bytes;
	if (passage_go_to(&p->passage, index, f) != 0 ||
		delivery_room(&p->deliveries, size, &bytes, f) != 0)
		return -1;
	if (passage_fill(&p->passage, bytes, size, true, f) != 0) {
		delivery_drop_room(&p->deliveries, bytes, size);
		return -1;
	}
	bool listed = is_listed(p, file_at(p->upload, index));
	return delivery_small(&p->deliveries, content, bytes, listed, f);
}

static int send_file(struct passing *p, size_t index, struct fail *f)
{
	const struct saved_model_file *file = file_at(p->upload, index);
	const struct store *store = p->upload->store;
	char *path = file_join(p->upload->folder, file->path);
	struct store_content content = {path, file->size, file->sha256};
	bool small = file->size <= delivery_part_size(store, file->size);
	/* a plan is made in order, by one thread */
	int result = small && store->plan == NULL ? send_small(p, index, &content, f)
						  : send_large(p, index, &content, f);
	free(path);
	return result;
}

/* Our own MLmodel at its place: then everything else was proven before it was put there, and is
 * proven again. */
static int check_commit_mark(struct passing *p, const struct saved_model_file *file, struct fail *f)
{
	struct upload *upload = p->upload;
	char *path = file_join(upload->folder, file->path);
	struct store_content content = {path, file->size, file->sha256};
	const struct store_object *object = find_listed(p, file);
	enum store_has has = STORE_HAS_NOT;
	int result = 0;
	if (object != NULL)
		has = STORE_HAS_OTHER;
	if (object != NULL && object->size == file->size)
		result = store_has_content(upload->store, &content, &has, f);
	if (result == 0 && has == STORE_HAS_OTHER) {
		fail_set(f, STATUS_REFUSED, "%s: the run already holds another model there", path);
		result = fail_hint(f, "train in a new run, or hand over another \"artifact_path\"");
	}
	free(path);
	return result;
}

static int send_files(struct passing *p, bool commit_mark, struct fail *f)
{
	for (size_t i = 0; i < p->upload->manifest->file_count; i++)
		if (is_commit_mark(file_at(p->upload, i)) == commit_mark && send_file(p, i, f) != 0)
			return -1;
	return deliveries_wait(&p->deliveries, f);
}

static int send_all(struct passing *p, struct fail *f)
{
	const struct manifest *manifest = p->upload->manifest;
	for (size_t i = 0; i < manifest->file_count; i++)
		if (is_commit_mark(&manifest->files[i]) &&
			check_commit_mark(p, &manifest->files[i], f) != 0)
			return -1;
	if (send_files(p, false, f) != 0)
		return -1;
	return send_files(p, true, f);
}

static int run_once(struct upload *upload, struct fail *f)
{
	const struct settings *settings = upload->store->settings;
	struct passing p = {.upload = upload};
	if (store_list(upload->store, upload->folder, &p.listing, f) != 0)
		return -1;
	passage_open(&p.passage, upload->package, upload->manifest, settings->limit_rate);
	deliveries_open(&p.deliveries, upload->store, upload->manifest->model_bytes);
	int result = send_all(&p, f);
	deliveries_release(&p.deliveries, result == 0 ? NULL : f);
	if (result == 0)
		store_sweep(upload->store, upload->folder);
	upload->sent = p.deliveries.sent;
	upload->kept = p.deliveries.kept;
	upload->bytes = p.deliveries.bytes;
	passage_release(&p.passage);
	store_listing_release(&p.listing);
	return result;
}

int upload_run(struct upload *upload, struct fail *f)
{
	struct store *store = upload->store;
	int result = run_once(upload, f);
	if (result != 0 && store->kind->has_another_way != NULL &&
		store->kind->has_another_way(store)) {
		console_warn("%s: it is tried another way", f->text);
		result = run_once(upload, f);
	}
	return result;
}
