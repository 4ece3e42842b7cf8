#include "upload.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

#define COMMIT_MARK "MLmodel"

/* One file on its way: the stream is kept open from file to file, so that the package is read once.
 */
struct passage {
	struct upload *upload;
	struct package_stream stream;
	bool open;
	size_t index;
	struct progress progress;
};

static int passage_rewind(void *context, struct fail *f)
{
	struct passage *p = context;
	if (p->open)
		package_stream_release(&p->stream);
	p->open = package_open_file(
			  p->upload->package, p->upload->manifest, p->index, &p->stream, f) == 0;
	return p->open ? 0 : -1;
}

static int passage_read(void *context, void *buffer, size_t size, size_t *got, struct fail *f)
{
	struct passage *p = context;
	if (package_stream_read(&p->stream, buffer, size, got, f) != 0)
		return -1;
	progress_add(&p->progress, *got);
	return 0;
}

static int passage_go_to(struct passage *p, size_t index, struct fail *f)
{
	bool later = p->open && index > p->index;
	p->index = index;
	if (later)
		return package_stream_next(&p->stream, p->upload->manifest, index, f);
	return passage_rewind(p, f);
}

static const struct saved_model_file *file_at(const struct upload *upload, size_t index)
{
	return &upload->manifest->files[index];
}

/* Whether the store has this very file: by size first, then by what its bytes say. */
static int is_there(struct upload *upload, const struct store_listing *listing,
	const struct saved_model_file *file, bool *there, bool *other, struct fail *f)
{
	char sha256[SHA256_HEX];
	uint64_t size;
	*there = *other = false;
	for (size_t i = 0; i < listing->count; i++) {
		if (strcmp(listing->objects[i].path, file->path) != 0)
			continue;
		*other = true;
		if (listing->objects[i].size != file->size)
			return 0;
		char *path = file_join(upload->folder, file->path);
		bool found;
		int result = store_get_digest(upload->store, path, sha256, &size, &found, f);
		free(path);
		if (result != 0)
			return -1;
		*there = found && strcmp(sha256, file->sha256) == 0;
		*other = found && !*there;
	}
	return 0;
}

static int prove(struct upload *upload, const char *path, const struct saved_model_file *file,
	struct fail *f)
{
	char sha256[SHA256_HEX];
	uint64_t size;
	bool found;
	if (upload->store->plan != NULL)
		return 0;
	if (store_get_digest(upload->store, path, sha256, &size, &found, f) != 0)
		return -1;
	if (!found)
		fail_set(f, STATUS_LATER, "%s: the store took it, and does not have it", path);
	else if (size != file->size || strcmp(sha256, file->sha256) != 0)
		fail_set(f, STATUS_LATER,
			"%s: read back as %" PRIu64 " bytes with SHA-256 %.12s, sent were %" PRIu64
			" with %.12s",
			path, size, sha256, file->size, file->sha256);
	else
		return 0;
	return fail_hint(f, "the version was not created; replay the package to send it again");
}

static int send_file(struct passage *p, size_t index, struct fail *f)
{
	struct upload *upload = p->upload;
	const struct saved_model_file *file = file_at(upload, index);
	struct http_body body = {
		.size = file->size, .read = passage_read, .rewind = passage_rewind, .context = p};
	if (passage_go_to(p, index, f) != 0)
		return -1;
	char *path = file_join(upload->folder, file->path);
	struct store_content content = {path, file->size, file->sha256};
	bool proven;
	int result = store_put(upload->store, &content, &body, &proven, f);
	if (result == 0 && !proven)
		result = prove(upload, path, file, f);
	free(path);
	upload->sent++;
	upload->bytes += file->size;
	return result;
}

/* Our own MLmodel at its place: then everything else was proven before it was put there, and is
 * proven again. */
static int check_commit_mark(
	struct upload *upload, const struct store_listing *listing, struct fail *f)
{
	bool there, other;
	for (size_t i = 0; i < upload->manifest->file_count; i++) {
		if (strcmp(file_at(upload, i)->path, COMMIT_MARK) != 0)
			continue;
		if (is_there(upload, listing, file_at(upload, i), &there, &other, f) != 0)
			return -1;
		if (!other)
			return 0;
		fail_set(f, STATUS_REFUSED, "%s/%s: the run already holds another model there",
			upload->folder, COMMIT_MARK);
		return fail_hint(f, "train in a new run, or hand over another \"artifact_path\"");
	}
	return 0;
}

static int send_missing(
	struct passage *p, const struct store_listing *listing, bool commit_mark, struct fail *f)
{
	struct upload *upload = p->upload;
	for (size_t i = 0; i < upload->manifest->file_count; i++) {
		const struct saved_model_file *file = file_at(upload, i);
		bool there, other;
		if ((strcmp(file->path, COMMIT_MARK) == 0) != commit_mark)
			continue;
		if (is_there(upload, listing, file, &there, &other, f) != 0)
			return -1;
		if (there)
			upload->kept++;
		else if (send_file(p, i, f) != 0)
			return -1;
	}
	return 0;
}

static int upload_all(struct passage *p, const struct store_listing *listing, struct fail *f)
{
	if (check_commit_mark(p->upload, listing, f) != 0)
		return -1;
	if (send_missing(p, listing, false, f) != 0)
		return -1;
	return send_missing(p, listing, true, f);
}

int upload_run(struct upload *upload, struct fail *f)
{
	struct passage passage = {.upload = upload};
	struct store_listing listing = {0};
	if (store_list(upload->store, upload->folder, &listing, f) != 0)
		return -1;
	progress_start(&passage.progress, "upload", upload->manifest->model_bytes);
	int result = upload_all(&passage, &listing, f);
	progress_end(&passage.progress);
	if (passage.open)
		package_stream_release(&passage.stream);
	store_listing_release(&listing);
	return result;
}
