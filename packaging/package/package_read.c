#include "packaging/package/package_read.h"

#include <stdlib.h>
#include <string.h>

#include "base/console.h"
#include "base/fail.h"
#include "base/memory.h"
#include "base/panic.h"
#include "base/stop.h"
#include "base/text.h"
#include "packaging/archive/reader.h"
#include "packaging/json/json.h"
#include "packaging/json/json_check.h"
#include "packaging/package/manifest.h"
#include "packaging/package/manifest_parse.h"

#define CHUNK 65536
#define MODEL_FOLDER "model/"

/* The present entry, of at most max bytes, which were allowed; those that it does not need are
 * taken back. */
static int read_text(struct archive_reader *r, size_t max, struct text *text, struct fail *f)
{
	char buffer[4096];
	size_t got;
	if (r->size > max)
		return fail_set(
			f, STATUS_UNACCEPTABLE, "%.200s: more than %zu bytes", r->name, max);
	archive_reader_forbid(r, max - r->size);
	do {
		if (archive_reader_data(r, buffer, sizeof(buffer), &got, f) != 0)
			return -1;
		text_add(text, buffer, got);
	} while (got > 0);
	return 0;
}

/* manifest.json, as it stands there */
static int read_manifest_text(struct archive_reader *r, struct text *text, struct fail *f)
{
	bool found;
	archive_reader_allow(r, strlen(MANIFEST_NAME), MANIFEST_BYTES);
	if (archive_reader_next(r, &found, f) != 0)
		return -1;
	if (!found || strcmp(r->name, MANIFEST_NAME) != 0)
		return fail_set(f, STATUS_UNACCEPTABLE, "its first entry is not " MANIFEST_NAME);
	return read_text(r, MANIFEST_BYTES, text, f);
}

static int read_manifest(struct archive_reader *r, struct manifest *manifest, struct fail *f)
{
	struct text text = {0};
	int result = read_manifest_text(r, &text, f);
	if (result == 0 && manifest_parse(text_string(&text), text.size, manifest, f) != 0)
		result = fail_wrap(f, MANIFEST_NAME);
	text_release(&text);
	return result;
}

static void allow_files(struct archive_reader *r, const struct manifest *manifest)
{
	for (size_t i = 0; i < manifest->file_count; i++)
		archive_reader_allow(r, strlen(MODEL_FOLDER) + strlen(manifest->files[i].path),
			manifest->files[i].size);
}

/* Why the present entry is not files[wanted]. */
static int name_unexpected(const struct archive_reader *r, const struct manifest *manifest,
	size_t wanted, struct fail *f)
{
	const char *path = r->name;
	ptrdiff_t index = -1;
	if (text_starts_with(path, MODEL_FOLDER))
		index = manifest_find(manifest, path + strlen(MODEL_FOLDER));
	bool has_settings = !manifest->states_settings || manifest->settings_sha256[0] != '\0';
	bool is_settings = has_settings && strcmp(path, SETTINGS_NAME) == 0;
	if (index < 0 && strcmp(path, MANIFEST_NAME) != 0 && !is_settings)
		return fail_set(f, STATUS_UNACCEPTABLE, "%.200s: not named in the manifest", path);
	if (is_settings ? wanted == manifest->file_count : index < (ptrdiff_t)wanted)
		return fail_set(f, STATUS_UNACCEPTABLE, "%.200s: there twice", path);
	return fail_set(f, STATUS_UNACCEPTABLE, "%s%.200s: missing, or not in its place",
		MODEL_FOLDER, manifest->files[wanted].path);
}

/* Go to the entry of files[index], which must be the next one. */
static int next_file(
	struct archive_reader *r, const struct manifest *manifest, size_t index, struct fail *f)
{
	const struct saved_model_file *file =
		index < manifest->file_count ? &manifest->files[index] : NULL;
	bool found;
	if (archive_reader_next(r, &found, f) != 0)
		return -1;
	if (!found && file == NULL)
		return 0;
	if (!found)
		return fail_set(
			f, STATUS_UNACCEPTABLE, "%s%.200s: missing", MODEL_FOLDER, file->path);
	if (file == NULL || !text_starts_with(r->name, MODEL_FOLDER) ||
		strcmp(r->name + strlen(MODEL_FOLDER), file->path) != 0)
		return name_unexpected(r, manifest, index, f);
	if (r->size != file->size)
		return fail_set(f, STATUS_UNACCEPTABLE,
			"%.200s: %llu bytes where the manifest says %llu", r->name,
			(unsigned long long)r->size, (unsigned long long)file->size);
	return 0;
}

static int open_manifest(const char *path, struct progress *progress, struct archive_reader *r,
	struct manifest *manifest, struct fail *f)
{
	*manifest = (struct manifest){0};
	if (archive_reader_open(path, progress, r, f) != 0)
		return -1;
	if (read_manifest(r, manifest, f) == 0) {
		allow_files(r, manifest);
		return 0;
	}
	archive_reader_release(r);
	return -1;
}

static void start_file(struct package_stream *stream, const struct manifest *manifest, size_t index)
{
	file_check_release(&stream->check);
	file_check_begin(&stream->check, &manifest->files[index]);
	stream->index = index;
	stream->file = &manifest->files[index];
}

/* Read the present file to its end, for the sake of its digest. */
static int read_through(struct package_stream *stream, struct fail *f)
{
	char buffer[CHUNK];
	size_t got;
	do {
		if (package_stream_read(stream, buffer, sizeof(buffer), &got, f) != 0)
			return -1;
	} while (got > 0);
	return 0;
}

static int check_settings(const struct manifest *manifest, const struct text *text, struct fail *f)
{
	char sha256[SHA256_HEX];
	sha256_of(text_string(text), text->size, sha256);
	if (manifest->states_settings && strcmp(sha256, manifest->settings_sha256) != 0)
		return fail_set(
			f, STATUS_UNACCEPTABLE, "SHA-256 is not the one that the manifest says");
	return json_check_text(text_string(text), text->size, f);
}

static int take_settings(struct archive_reader *r, struct manifest *manifest, struct fail *f)
{
	struct text text = {0};
	int result = read_text(r, SETTINGS_BYTES, &text, f);
	if (result == 0)
		result = check_settings(manifest, &text, f);
	if (result == 0 && manifest->states_settings)
		manifest->settings = text_take(&text);
	text_release(&text);
	return result == 0 ? 0 : fail_wrap(f, SETTINGS_NAME);
}

/* After the last file: the settings, or nothing, as the manifest says. */
static int read_settings(
	struct archive_reader *r, struct manifest *manifest, bool *end, struct fail *f)
{
	bool has = manifest->settings_sha256[0] != '\0', found;
	archive_reader_allow(r, strlen(SETTINGS_NAME), SETTINGS_BYTES);
	if (archive_reader_next(r, &found, f) != 0)
		return -1;
	*end = !found;
	if (!found && has)
		return fail_set(f, STATUS_UNACCEPTABLE, SETTINGS_NAME ": missing");
	if (!found) {
		archive_reader_forbid(r, SETTINGS_BYTES);
		return 0;
	}
	if (strcmp(r->name, SETTINGS_NAME) != 0 || (manifest->states_settings && !has))
		return name_unexpected(r, manifest, manifest->file_count, f);
	return take_settings(r, manifest, f);
}

static int read_files(struct archive_reader *r, struct manifest *manifest, struct fail *f)
{
	struct package_stream stream = {.archive = r};
	bool end;
	int result = 0;
	for (size_t i = 0; result == 0 && i < manifest->file_count; i++) {
		result = next_file(r, manifest, i, f);
		if (result == 0) {
			start_file(&stream, manifest, i);
			result = read_through(&stream, f);
		}
		if (result == 0) {
			memcpy(manifest->files[i].mac, stream.mac, FILE_MAC_BYTES);
			manifest->files[i].has_mac = true;
		}
	}
	file_check_release(&stream.check);
	if (result != 0 || read_settings(r, manifest, &end, f) != 0)
		return -1;
	/* one more asks for the end */
	if (!end && next_file(r, manifest, manifest->file_count, f) != 0)
		return -1;
	return archive_reader_finish(r, f);
}

int package_read(
	const char *path, struct progress *progress, struct manifest *manifest, struct fail *f)
{
	struct archive_reader r;
	if (open_manifest(path, progress, &r, manifest, f) != 0)
		return fail_wrap(f, "package %.200s", path);
	int result = read_files(&r, manifest, f);
	archive_reader_release(&r);
	if (result == 0)
		return 0;
	manifest_release(manifest);
	return fail_wrap(f, "package %.200s", path);
}

/* By the digest of its text: parsed once more it would take several times its size. */
static int same_package(struct archive_reader *r, const struct manifest *manifest, struct fail *f)
{
	struct text text = {0};
	char digest[SHA256_HEX];
	int result = read_manifest_text(r, &text, f);
	sha256_of(text_string(&text), text.size, digest);
	text_release(&text);
	if (result != 0)
		return -1;
	if (strcmp(digest, manifest->whole) != 0)
		return fail_set(f, STATUS_UNACCEPTABLE, "it is another package now");
	allow_files(r, manifest);
	return 0;
}

int package_open_file(const char *path, const struct manifest *manifest, size_t index,
	struct package_stream *stream, struct fail *f)
{
	*stream = (struct package_stream){.archive = memory_get(1, sizeof(*stream->archive))};
	if (archive_reader_open(path, NULL, stream->archive, f) != 0 ||
		same_package(stream->archive, manifest, f) != 0 ||
		package_stream_next(stream, manifest, index, f) != 0) {
		package_stream_release(stream);
		return fail_wrap(f, "package %.200s", path);
	}
	return 0;
}

int package_stream_next(struct package_stream *stream, const struct manifest *manifest,
	size_t index, struct fail *f)
{
	size_t next = stream->file != NULL ? stream->index + 1 : 0;
	INVARIANT(index >= next && index < manifest->file_count);
	for (; next <= index; next++)
		if (next_file(stream->archive, manifest, next, f) != 0)
			return -1;
	start_file(stream, manifest, index);
	return 0;
}

static int check_whole(struct package_stream *stream, struct fail *f)
{
	const struct saved_model_file *file = stream->file;
	if (stream->check.file == NULL)
		return 0; /* the end was reached before, and all was right */
	if (file_check_end(&stream->check, stream->mac))
		return 0;
	return fail_set(f, STATUS_UNACCEPTABLE,
		file->has_mac ? "model/%.200s: changed since it was checked"
			      : "model/%.200s: SHA-256 is not the one that the manifest says",
		file->path);
}

int package_stream_read(
	struct package_stream *stream, void *buffer, size_t size, size_t *got, struct fail *f)
{
	if (stop_or_late(f) != 0 || archive_reader_data(stream->archive, buffer, size, got, f) != 0)
		return -1;
	if (*got == 0)
		return check_whole(stream, f);
	if (stream->check.file != NULL)
		file_check_add(&stream->check, buffer, *got);
	return 0;
}

void package_stream_release(struct package_stream *stream)
{
	if (stream->archive != NULL)
		archive_reader_release(stream->archive);
	free(stream->archive);
	file_check_release(&stream->check);
	*stream = (struct package_stream){0};
}
