#include "packaging/package/package_write.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/console.h"
#include "base/fail.h"
#include "base/input.h"
#include "base/panic.h"
#include "base/stop.h"
#include "base/text.h"
#include "base/tree.h"
#include "packaging/archive/writer.h"
#include "packaging/package/file_check.h"
#include "packaging/package/manifest.h"
#include "packaging/package/mlmodel.h"

#define CHUNK 65536

/* Weights are stored: compressing floats gains 7 % at 33 MB/s. All else (the graph, the index of
 * the weights, vocabularies) is text enough to be worth it. By name, so that the bytes of a package
 * do not hang on a compressor's idea of its own gain. */
static bool is_stored(const char *path)
{
	return text_starts_with(path, MANIFEST_SAVED_MODEL "variables/variables.data-");
}

static int changed(const struct saved_model_file *file, const char *how, struct fail *f)
{
	return fail_set(f, STATUS_UNACCEPTABLE, "%.200s: changed since it was inspected: %s",
		file->path, how);
}

/* struct writing - a package on its way; tap and progress may be NULL */
struct writing {
	const struct manifest *manifest;
	struct tree tree; /* the SavedModel; none for a logged model */
	struct archive_writer archive;
	struct progress *progress;
	const struct package_tap *tap;
};

static void tell(const struct writing *w, size_t index, const void *bytes, size_t size)
{
	if (w->tap != NULL)
		w->tap->next(w->tap->context, index, bytes, size);
}

static int take_bytes(struct writing *w, size_t index, const void *bytes, size_t size,
	struct file_check *check, struct fail *f)
{
	file_check_add(check, bytes, size);
	if (archive_writer_data(&w->archive, bytes, size, f) != 0)
		return -1;
	tell(w, index, bytes, size);
	if (w->progress != NULL)
		progress_add(w->progress, size);
	return 0;
}

/* The file's bytes into the archive, no more than the manifest has. */
static int copy_bytes(
	struct writing *w, int fd, size_t index, struct file_check *check, struct fail *f)
{
	const struct saved_model_file *file = &w->manifest->files[index];
	char buffer[CHUNK];
	size_t count;
	for (uint64_t left = file->size;;) {
		if (stop_or_late(f) != 0 ||
			input_read(fd, file->path, buffer, sizeof(buffer), &count, f) != 0)
			return -1;
		if (count == 0 && left > 0)
			return changed(file, "it is shorter", f);
		if (count == 0)
			return 0;
		if (count > left)
			return changed(file, "it is longer", f);
		left -= count;
		if (take_bytes(w, index, buffer, count, check, f) != 0)
			return -1;
	}
}

static int copy_file(struct writing *w, int fd, size_t index, struct fail *f)
{
	const struct saved_model_file *file = &w->manifest->files[index];
	struct file_check check;
	uint8_t mac[FILE_MAC_BYTES];
	file_check_begin(&check, file);
	if (copy_bytes(w, fd, index, &check, f) != 0) {
		file_check_release(&check);
		return -1;
	}
	if (!file_check_end(&check, mac))
		return changed(file, "other bytes of the same size", f);
	tell(w, index, NULL, 0);
	return 0;
}

static int write_saved_model_file(struct writing *w, size_t index, struct fail *f)
{
	const struct saved_model_file *file = &w->manifest->files[index];
	const char *path = file->path + strlen(MANIFEST_SAVED_MODEL);
	int fd;
	if (tree_open_file(&w->tree, path, &fd, f) != 0)
		return f->status == STATUS_MISSING ? changed(file, "it is gone", f) : -1;
	int result = copy_file(w, fd, index, f);
	close(fd);
	return result;
}

static int write_made_file(
	struct writing *w, const struct mlmodel_file *made, size_t index, struct fail *f)
{
	struct text text = {0};
	made->make(w->manifest, &text);
	INVARIANT(text.size == w->manifest->files[index].size);
	int result = archive_writer_data(&w->archive, text_string(&text), text.size, f);
	if (result == 0 && text.size > 0)
		tell(w, index, text.data, text.size);
	if (result == 0)
		tell(w, index, NULL, 0);
	text_release(&text);
	return result;
}

static int write_file(struct writing *w, size_t index, struct fail *f)
{
	const struct saved_model_file *file = &w->manifest->files[index];
	const struct mlmodel_file *made = mlmodel_find(w->manifest, file->path);
	char *name = text_format("model/%s", file->path);
	int result = archive_writer_entry(&w->archive, name, file->size, is_stored(file->path), f);
	free(name);
	if (result != 0)
		return -1;
	return made != NULL ? write_made_file(w, made, index, f)
			    : write_saved_model_file(w, index, f);
}

static int write_text(
	struct writing *w, const char *name, const char *data, size_t size, struct fail *f)
{
	if (archive_writer_entry(&w->archive, name, size, false, f) != 0)
		return -1;
	return archive_writer_data(&w->archive, data, size, f);
}

static int write_entries(struct writing *w, struct fail *f)
{
	const struct manifest *manifest = w->manifest;
	const struct text *text = &manifest->text;
	if (write_text(w, MANIFEST_NAME, text->data, text->size, f) != 0)
		return -1;
	for (size_t i = 0; i < manifest->file_count; i++)
		if (write_file(w, i, f) != 0)
			return -1;
	return manifest->settings != NULL ? write_text(w, SETTINGS_NAME, manifest->settings,
						    strlen(manifest->settings), f)
					  : 0;
}

static int write_archive(struct writing *w, const char *path, bool is_private, struct fail *f)
{
	if (archive_writer_open(path, is_private, &w->archive, f) != 0)
		return fail_wrap(f, "package");
	if (write_entries(w, f) != 0) {
		archive_writer_discard(&w->archive);
		return fail_wrap(f, "package %.200s", path);
	}
	if (archive_writer_finish(&w->archive, f) != 0)
		return fail_wrap(f, "package");
	return 0;
}

static int open_saved_model(struct writing *w, struct fail *f)
{
	const char *folder = w->manifest->handoff.saved_model;
	if (folder == NULL || tree_open(folder, &w->tree, f) == 0)
		return 0;
	if (f->status == STATUS_MISSING)
		fail_set(f, STATUS_UNACCEPTABLE, "changed since it was inspected: it is gone");
	return fail_wrap(f, "SavedModel %.200s", folder);
}

int package_write(const struct manifest *manifest, const char *path, bool is_private,
	struct progress *progress, const struct package_tap *tap, struct fail *f)
{
	struct writing w = {.manifest = manifest, .progress = progress, .tap = tap};
	int result = open_saved_model(&w, f);
	if (result != 0)
		return fail_wrap(f, "package %.200s", path);
	result = write_archive(&w, path, is_private, f);
	tree_release(&w.tree);
	return result;
}
