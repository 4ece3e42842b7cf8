/* gzip - one gzip member (RFC 1952), written to a file or read from one, in flat memory.
 *
 * Written: no time and no name in the header; what is not worth compressing is stored (deflate's
 * own stored blocks), the rest is compressed on all processors
 * (packaging/archive/parallel_deflate.h). The same bytes in come out as the same bytes, however
 * they were cut into calls and however many threads there were. Read: exactly one member and
 * nothing behind it, and no more bytes out of it than were allowed.
 *
 * The only place that includes <libdeflate.h>: zlib's own checksum would cost as much as all the
 * rest of reading what was stored.
 */
#ifndef MODELHOOK_PACKAGING_ARCHIVE_GZIP_H
#define MODELHOOK_PACKAGING_ARCHIVE_GZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/console.h"
#include "base/fail.h"
#include "base/file.h"

/* gzip_writer - owns an unfinished file until gzip_writer_finish or gzip_writer_discard; {0} may be
 * discarded */
struct gzip_writer {
	struct file_writer file;
	struct gzip_deflate *deflate;
};

/* gzip_writer_open - is_private: the file is for this user alone; compressing with so many threads
 * at most. Must not be moved while open. */
MUST_CHECK int gzip_writer_open(
	const char *path, bool is_private, unsigned threads, struct gzip_writer *w, struct fail *f);

/* gzip_writer_store - from here on store (true) or compress */
MUST_CHECK int gzip_writer_store(struct gzip_writer *w, bool store, struct fail *f);
MUST_CHECK int gzip_writer_add(
	struct gzip_writer *w, const void *bytes, size_t size, struct fail *f);

/* gzip_writer_finish - the file takes its name; released whatever the result */
MUST_CHECK int gzip_writer_finish(struct gzip_writer *w, struct fail *f);
void gzip_writer_discard(struct gzip_writer *w);

/* gzip_reader - owns an open file; {0} may be released */
struct gzip_reader {
	struct gzip_inflate *inflate;
	struct progress *progress; /* counts bytes of the file; or NULL */
	uint64_t given;		   /* bytes that came out so far */
	uint64_t most;		   /* that may come out so far, but for what is taken ahead */
};

MUST_CHECK int gzip_reader_open(const char *path, struct gzip_reader *r, struct fail *f);

/* gzip_reader_next - the next bytes, borrowed until the next call; *size 0: the member ended, and
 * the file with it */
MUST_CHECK int gzip_reader_next(
	struct gzip_reader *r, const void **bytes, size_t *size, struct fail *f);
/* gzip_reader_bounded - no more came out than may, and at most so many bytes ahead of that */
MUST_CHECK int gzip_reader_bounded(const struct gzip_reader *r, size_t overlap, struct fail *f);
void gzip_reader_release(struct gzip_reader *r);

#endif
