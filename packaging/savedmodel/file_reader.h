/* file_reader - one file, read once from its first byte to its last, with its SHA-256 and its
 * MAC on the way.
 *
 * The bytes are lent from one buffer: small enough to stay in the processor's cache while the
 * digest, the checksums and the scan for NaN go over it, so that memory is read once too.
 * Progress is counted, and a stop is asked for, at every filling of the buffer.
 *
 * Owns its buffer, digest and file until file_reader_release. A zeroed struct may be released.
 */
#ifndef MODELHOOK_PACKAGING_SAVEDMODEL_FILE_READER_H
#define MODELHOOK_PACKAGING_SAVEDMODEL_FILE_READER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/console.h"
#include "base/fail.h"
#include "base/tree.h"
#include "packaging/digest/file_mac.h"
#include "packaging/digest/sha256.h"

/* file_reader_taker - is given every byte of the file, in order, as the digest is */
typedef void file_reader_taker(void *context, const uint8_t *bytes, size_t size);

struct file_reader {
	uint64_t offset; /* in the file, of the next byte to be lent */
	char *path;	 /* NULL for bytes in memory */
	int fd;		 /* valid while path != NULL */
	uint8_t *buffer;
	const uint8_t *bytes; /* the next byte */
	size_t left;	      /* in the buffer */
	struct sha256 sha;
	struct file_mac mac;
	struct progress *progress;  /* borrowed, may be NULL */
	file_reader_taker *tap;	    /* NULL: none */
	void *context;		    /* of the tap, borrowed */
	const atomic_bool *dropped; /* borrowed, may be NULL: once true, the next filling fails */
};

/* file_reader_open - open a file of the tree by its path there; progress may be NULL */
MUST_CHECK int file_reader_open(struct file_reader *reader, const struct tree *tree,
	const char *path, struct progress *progress, struct fail *f);

/* file_reader_of_memory - read bytes, which are borrowed */
void file_reader_of_memory(struct file_reader *reader, const void *bytes, size_t size);

/* file_reader_tap - give every byte to one more taker; to be called before the first is lent */
void file_reader_tap(struct file_reader *reader, file_reader_taker *tap, void *context);

/* reader_peek - the first bytes of the file, at most size, without reading on; how many there are
 */
size_t reader_peek(const struct file_reader *reader, void *bytes, size_t size);

/* file_reader_lend - the bytes that follow, as many as are there, at most max; none at the end.
 * They stay until the next call. */
MUST_CHECK int file_reader_lend(struct file_reader *reader, size_t max, const uint8_t **bytes,
	size_t *size, struct fail *f);

/* file_reader_copy - exactly size bytes, fewer only at the end of the file: *got says how many */
MUST_CHECK int file_reader_copy(
	struct file_reader *reader, void *out, size_t size, size_t *got, struct fail *f);

/* file_reader_finish - read what is left and give the digest and the MAC of the whole file;
 * reader->offset is its size then */
MUST_CHECK int file_reader_finish(struct file_reader *reader, char sha256[SHA256_HEX],
	uint8_t mac[FILE_MAC_BYTES], struct fail *f);

void file_reader_release(struct file_reader *reader);

#endif
