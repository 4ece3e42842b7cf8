/* parallel_deflate - deflate (RFC 1951) on as many processors as there are.
 *
 * The input is cut in pieces of SQUEEZE_PIECE bytes. Each is compressed by itself, with the 32 KiB
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

#define SQUEEZE_PIECE ((size_t)128 << 10)
#define SQUEEZE_THREADS_MAX 4

struct squeeze;

/* squeeze_sink - is given the compressed bytes, in order, by the thread that calls */
typedef int squeeze_sink(void *context, const void *bytes, size_t size, struct fail *f);

/* squeeze_open - with so many threads at most (1: the caller's own) */
struct squeeze *squeeze_open(unsigned threads, squeeze_sink *sink, void *context);

MUST_CHECK int squeeze_add(struct squeeze *s, const void *bytes, size_t size, struct fail *f);

/* squeeze_flush - the sink has all of it, up to a whole byte; what is added next refers to nothing
 * before it */
MUST_CHECK int squeeze_flush(struct squeeze *s, struct fail *f);

/* squeeze_release - NULL may be released */
void squeeze_release(struct squeeze *s);

/* squeeze_library_version - of zlib */
const char *squeeze_library_version(void);

#endif
