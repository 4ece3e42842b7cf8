/* reader - reads a .tar.gz from anyone's disk, entry by entry, and trusts none of it.
 *
 * Refused (UNACCEPTABLE): anything but one gzip member with one tar archive in it and zeros behind
 * that; entries that are not regular files (links, devices, folders), sparse ones, pax headers (no
 * package of ours has any, and they override what the plain header says), names that are not plain
 * (base/plain_path.h), and more bytes than the caller has allowed so far. No byte of the archive is
 * written anywhere.
 */
#ifndef MODELHOOK_PACKAGING_ARCHIVE_READER_H
#define MODELHOOK_PACKAGING_ARCHIVE_READER_H

#include "base/console.h"
#include "base/fail.h"
#include "packaging/archive/gzip.h"

struct archive;

/* archive_reader - owns an open file; {0} may be released. It must stay where it is while open. */
struct archive_reader {
	struct archive *tar;
	struct gzip_reader gzip;
	struct fail *f;	 /* of the call that is running */
	bool has_failed; /* and f says so already */
	size_t count;	 /* entries so far */
	char *name;	 /* of the present entry */
	uint64_t size;
	uint64_t zeros; /* how many zeros the archive ends in so far */
};

/* archive_reader_open - progress (or NULL) counts the bytes of the file */
MUST_CHECK int archive_reader_open(
	const char *path, struct progress *progress, struct archive_reader *r, struct fail *f);

/* archive_reader_allow - let an entry of that name length and size, headers included, come out */
void archive_reader_allow(struct archive_reader *r, size_t name_length, uint64_t size);

/* archive_reader_forbid - take back bytes that were allowed and are not needed */
void archive_reader_forbid(struct archive_reader *r, uint64_t bytes);

/* archive_reader_next - go to the next entry, whose name and size are then in r; *found is false at
 * the end of the archive */
MUST_CHECK int archive_reader_next(struct archive_reader *r, bool *found, struct fail *f);

/* archive_reader_data - bytes of the present entry; *got 0 at its end */
MUST_CHECK int archive_reader_data(
	struct archive_reader *r, void *buffer, size_t size, size_t *got, struct fail *f);

/* archive_reader_finish - after the last entry: read to the end of the file, where nothing may
 * follow but the zeros that fill up a tar archive */
MUST_CHECK int archive_reader_finish(struct archive_reader *r, struct fail *f);

void archive_reader_release(struct archive_reader *r);

/* archive_library_versions - "libarchive 3.7.4, zlib 1.3.1"; the caller frees it */
char *archive_library_versions(void);

#endif
