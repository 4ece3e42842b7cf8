/* parallel_deflate - deflate (RFC 1951) on as many processors as there are.
 *
 * The input is cut in pieces of DEFLATE_PIECE bytes. Each is compressed by itself, with the 32 KiB
 * before it as its dictionary, and ends on a byte; one behind the other they are one stream, for
 * any inflater. What comes out hangs on the bytes alone: not on how many threads there are, nor on
 * how they were cut into calls.
 *
 * Threads are started when a first piece is full: what is small costs none. Memory: about 0.5 MiB
 * for each of them, and as much once more.
 */
#ifndef MODELHOOK_PACKAGING_ARCHIVE_PARALLEL_DEFLATE_H
#define MODELHOOK_PACKAGING_ARCHIVE_PARALLEL_DEFLATE_H

#include <stddef.h>

#include "base/fail.h"

#define DEFLATE_PIECE ((size_t)128 << 10)
#define DEFLATE_THREADS_MAX 4

struct parallel_deflate;

/* parallel_deflate_sink - is given the compressed bytes, in order, by the thread that calls */
typedef int parallel_deflate_sink(void *context, const void *bytes, size_t size, struct fail *f);

/* parallel_deflate_open - with so many threads at most (1: the caller's own) */
struct parallel_deflate *parallel_deflate_open(
	unsigned threads, parallel_deflate_sink *sink, void *context);

MUST_CHECK int parallel_deflate_add(
	struct parallel_deflate *s, const void *bytes, size_t size, struct fail *f);

/* parallel_deflate_flush - the sink has all of it, up to a whole byte; what is added next refers to
 * nothing before it */
MUST_CHECK int parallel_deflate_flush(struct parallel_deflate *s, struct fail *f);

/* parallel_deflate_release - NULL may be released */
void parallel_deflate_release(struct parallel_deflate *s);

/* parallel_deflate_library_version - of zlib */
const char *parallel_deflate_library_version(void);

#endif
