#include "packaging/archive/writer.h"

#include <archive.h>
#include <archive_entry.h>

#include "base/fail.h"
#include "base/panic.h"
#include "base/parallel.h"

/* What a call of libarchive came to: its own failure, or that of our callback. */
static int check(struct archive_writer *w, int state, const char *what)
{
	if (w->has_failed)
		return -1;
	if (state == ARCHIVE_OK)
		return 0;
	return fail_set(w->f, STATUS_DEFECT, "%s: %s", what, archive_error_string(w->tar));
}

/* libarchive is not told of failures: after one it would leave its buffers behind. */
static la_ssize_t pass_on(struct archive *tar, void *data, const void *bytes, size_t size)
{
	struct archive_writer *w = data;
	(void)tar;
	if (!w->has_failed && gzip_writer_add(&w->gzip, bytes, size, w->f) != 0)
		w->has_failed = true;
	return (la_ssize_t)size;
}

int archive_writer_open(const char *path, bool is_private, struct archive_writer *w, struct fail *f)
{
	*w = (struct archive_writer){.f = f};
	if (gzip_writer_open(path, is_private, parallel_threads(), &w->gzip, f) != 0)
		return -1;
	w->tar = archive_write_new();
	if (w->tar == NULL)
		panic_out_of_memory();
	/* no blocking: the gzip side gathers bytes itself */
	if (archive_write_set_format_gnutar(w->tar) == ARCHIVE_OK &&
		archive_write_add_filter_none(w->tar) == ARCHIVE_OK &&
		archive_write_set_bytes_per_block(w->tar, 0) == ARCHIVE_OK &&
		archive_write_open(w->tar, w, NULL, pass_on, NULL) == ARCHIVE_OK)
		return 0;
	check(w, ARCHIVE_FATAL, "archive");
	archive_writer_discard(w);
	return -1;
}

/* Pad the entry before, so that the level changes between two entries, never within one. */
static int finish_entry(struct archive_writer *w)
{
	INVARIANT(w->left == 0);
	return check(w, archive_write_finish_entry(w->tar), "archive");
}

int archive_writer_entry(
	struct archive_writer *w, const char *name, uint64_t size, bool store, struct fail *f)
{
	w->f = f;
	if (finish_entry(w) != 0 || gzip_writer_store(&w->gzip, store, f) != 0)
		return -1;
	struct archive_entry *entry = archive_entry_new();
	if (entry == NULL)
		panic_out_of_memory();
	archive_entry_set_pathname(entry, name);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0644);
	archive_entry_set_mtime(entry, 0, 0);
	archive_entry_set_uid(entry, 0);
	archive_entry_set_gid(entry, 0);
	archive_entry_set_size(entry, (la_int64_t)size);
	int result = archive_write_header(w->tar, entry);
	archive_entry_free(entry);
	w->left = size;
	return check(w, result, name);
}

int archive_writer_data(struct archive_writer *w, const void *bytes, size_t size, struct fail *f)
{
	w->f = f;
	INVARIANT(size <= w->left);
	w->left -= size;
	bool whole = archive_write_data(w->tar, bytes, size) == (la_ssize_t)size;
	return check(w, whole ? ARCHIVE_OK : ARCHIVE_FATAL, "archive");
}

static int close_tar(struct archive_writer *w)
{
	if (finish_entry(w) != 0)
		return -1;
	return check(w, archive_write_close(w->tar), "archive");
}

int archive_writer_finish(struct archive_writer *w, struct fail *f)
{
	w->f = f;
	int result = close_tar(w);
	if (result == 0)
		result = gzip_writer_finish(&w->gzip, f);
	archive_writer_discard(w);
	return result;
}

void archive_writer_discard(struct archive_writer *w)
{
	if (w->tar == NULL)
		return;
	/* an open archive writes its end when it is freed: that must not reach the file */
	w->has_failed = true;
	archive_write_free(w->tar);
	w->tar = NULL;
	gzip_writer_discard(&w->gzip);
}
