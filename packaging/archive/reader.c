#include "packaging/archive/reader.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/console.h"
#include "base/escape.h"
#include "base/fail.h"
#include "base/panic.h"
#include "base/plain_path.h"
#include "base/text.h"
#include "packaging/archive/parallel_deflate.h"

/* A tar header with a GNU long name before it, for one entry; and the end that GNU tar writes. */
#define HEADER_BYTES (4 * 512)
#define END_BYTES (2 * 10240)

static int read_fail(struct archive_reader *r)
{
	char said[160];
	if (r->has_failed)
		return -1;
	const char *what = archive_error_string(r->tar);
	what = what != NULL ? what : "unreadable";
	escape_into(said, sizeof(said), what, strlen(what));
	return fail_set(r->f, STATUS_UNACCEPTABLE, "entry %zu: %s", r->count, said);
}

/* The next bytes of the archive, and how many zeros now stand at its end. */
static int advance(struct archive_reader *r, const void **bytes, size_t *size)
{
	if (gzip_reader_next(&r->gzip, bytes, size, r->f) != 0)
		return -1;
	const unsigned char *start = *bytes, *end = start + *size;
	while (end > start && end[-1] == 0)
		end--;
	uint64_t zeros = (uint64_t)(start + *size - end);
	r->zeros = end > start ? zeros : r->zeros + zeros;
	return 0;
}

static la_ssize_t pull(struct archive *tar, void *data, const void **bytes)
{
	struct archive_reader *r = data;
	size_t size;
	if (advance(r, bytes, &size) == 0)
		return (la_ssize_t)size;
	r->has_failed = true;
	archive_set_error(tar, EIO, "said elsewhere");
	return -1;
}

int archive_reader_open(
	const char *path, struct progress *progress, struct archive_reader *r, struct fail *f)
{
	*r = (struct archive_reader){.f = f, .gzip = {.progress = progress, .most = END_BYTES}};
	if (gzip_reader_open(path, &r->gzip, f) != 0)
		return -1;
	r->tar = archive_read_new();
	if (r->tar == NULL)
		panic_out_of_memory();
	return 0;
}

/* libarchive reads the first bytes here, so it is not done before they are allowed. */
static int begin(struct archive_reader *r)
{
	if (archive_read_support_format_tar(r->tar) == ARCHIVE_OK &&
		archive_read_support_filter_none(r->tar) == ARCHIVE_OK &&
		archive_read_open(r->tar, r, NULL, pull, NULL) == ARCHIVE_OK)
		return 0;
	return read_fail(r);
}

void archive_reader_allow(struct archive_reader *r, size_t name_length, uint64_t size)
{
	/* the data is filled up to a block; so is the name where it is long */
	r->gzip.most += HEADER_BYTES + name_length + 512 + size + 512;
}

void archive_reader_forbid(struct archive_reader *r, uint64_t bytes)
{
	INVARIANT(bytes <= r->gzip.most);
	r->gzip.most -= bytes;
}

static int entry_fail(struct archive_reader *r, const char *what)
{
	char name[128];
	if (r->name[0] == '\0')
		return fail_set(r->f, STATUS_UNACCEPTABLE, "entry %zu: without a name", r->count);
	escape_into(name, sizeof(name), r->name, strlen(r->name));
	return fail_set(r->f, STATUS_UNACCEPTABLE, "%s: %s", name, what);
}

/* Bytes of the header of a regular file in GNU's format: a long name comes in front of it, as an
 * entry of its own. More than that is a pax header or the map of a sparse file. */
static la_int64_t plain_header_bytes(const char *name)
{
	size_t length = strlen(name);
	size_t long_name = length > 100 ? 512 + (length + 1 + 511) / 512 * 512 : 0;
	return (la_int64_t)(long_name + 512);
}

static bool has_plain_header(struct archive_reader *r)
{
	int format = archive_format(r->tar);
	la_int64_t bytes = archive_filter_bytes(r->tar, 0) - archive_read_header_position(r->tar);
	return (format == ARCHIVE_FORMAT_TAR_USTAR || format == ARCHIVE_FORMAT_TAR_GNUTAR) &&
	       bytes == plain_header_bytes(r->name);
}

static int check_entry(struct archive_reader *r, struct archive_entry *entry)
{
	const char *problem = plain_path_problem(r->name);
	if (problem != NULL)
		return entry_fail(r, problem);
	if (archive_entry_hardlink(entry) != NULL || archive_entry_symlink(entry) != NULL)
		return entry_fail(r, "a link");
	if (archive_entry_filetype(entry) != AE_IFREG)
		return entry_fail(r, "not a regular file");
	if (archive_entry_sparse_count(entry) > 0)
		return entry_fail(r, "a sparse file");
	if (!has_plain_header(r))
		return entry_fail(r, "a tar header of a kind that no package has");
	if (!archive_entry_size_is_set(entry) || archive_entry_size(entry) < 0)
		return entry_fail(r, "without a size");
	return 0;
}

static int take_entry(struct archive_reader *r, struct archive_entry *entry)
{
	const char *name = archive_entry_pathname(entry);
	free(r->name);
	r->name = text_copy(name != NULL ? name : "");
	r->count++;
	if (check_entry(r, entry) != 0)
		return -1;
	r->size = (uint64_t)archive_entry_size(entry);
	return 0;
}

int archive_reader_next(struct archive_reader *r, bool *found, struct fail *f)
{
	struct archive_entry *entry;
	r->f = f;
	*found = false;
	if (r->count == 0 && begin(r) != 0)
		return -1;
	int result = archive_read_next_header(r->tar, &entry);
	if (result == ARCHIVE_EOF)
		return r->has_failed ? -1 : 0;
	if (result != ARCHIVE_OK)
		return read_fail(r);
	*found = true;
	return take_entry(r, entry);
}

int archive_reader_data(
	struct archive_reader *r, void *buffer, size_t size, size_t *got, struct fail *f)
{
	r->f = f;
	la_ssize_t count = archive_read_data(r->tar, buffer, size);
	if (count < 0 || r->has_failed)
		return read_fail(r);
	*got = (size_t)count;
	return 0;
}

int archive_reader_finish(struct archive_reader *r, struct fail *f)
{
	const void *bytes;
	size_t size;
	r->f = f;
	do {
		if (advance(r, &bytes, &size) != 0)
			return -1;
	} while (size > 0);
	if (gzip_reader_bounded(&r->gzip, 0, f) != 0)
		return -1;
	/* what libarchive has not taken, whether it had it in hand or not */
	uint64_t rest = r->gzip.given - (uint64_t)archive_filter_bytes(r->tar, 0);
	if (rest > r->zeros)
		return fail_set(
			f, STATUS_UNACCEPTABLE, "something follows the last entry of the archive");
	return 0;
}

void archive_reader_release(struct archive_reader *r)
{
	struct fail ignored;
	r->f = &ignored;
	if (r->tar != NULL)
		archive_read_free(r->tar);
	gzip_reader_release(&r->gzip);
	free(r->name);
	*r = (struct archive_reader){0};
}

char *archive_library_versions(void)
{
	return text_format(
		"%s, zlib %s", archive_version_string(), parallel_deflate_library_version());
}
