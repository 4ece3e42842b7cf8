/* writer - a .tar.gz whose bytes follow from its entries alone.
 *
 * GNU's tar format, because it takes names as bytes: long ones, UTF-8 ones in any locale, and files
 * beyond 8 GiB. Times and owners are 0, modes 0644, the order is that of the calls. The file
 * appears under its name when it is finished, never before.
 */
#ifndef MODELHOOK_PACKAGING_ARCHIVE_WRITER_H
#define MODELHOOK_PACKAGING_ARCHIVE_WRITER_H

#include "base/fail.h"
#include "packaging/archive/gzip.h"

struct archive;

/* archive_writer - owns an unfinished file until archive_writer_finish or archive_writer_discard;
 * {0} may be discarded. It must stay where it is while it is open. */
struct archive_writer {
	struct archive *tar;
	struct gzip_writer gzip;
	uint64_t left;	 /* bytes that the present entry still takes */
	struct fail *f;	 /* of the call that is running */
	bool has_failed; /* and f says so already */
};

/* archive_writer_open - is_private: the file is for this user alone */
MUST_CHECK int archive_writer_open(
	const char *path, bool is_private, struct archive_writer *w, struct fail *f);

/* archive_writer_entry - begin an entry of exactly size bytes, which are stored or compressed */
MUST_CHECK int archive_writer_entry(
	struct archive_writer *w, const char *name, uint64_t size, bool store, struct fail *f);
MUST_CHECK int archive_writer_data(
	struct archive_writer *w, const void *bytes, size_t size, struct fail *f);

/* archive_writer_finish - released whatever the result */
MUST_CHECK int archive_writer_finish(struct archive_writer *w, struct fail *f);
void archive_writer_discard(struct archive_writer *w);

#endif
