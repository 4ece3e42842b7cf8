/* snappy - decodes one raw Snappy stream (snappy/format_description.txt), as LevelDB tables hold
 * it.
 *
 * A stream is its decoded size as a varint of 32 bits, then literals and copies of what was
 * decoded before. The size is checked against a limit, and against what so many bytes can encode
 * at most, before memory is taken for it. Every read and every copy is bounded.
 */
#ifndef MODELHOOK_PACKAGING_SAVEDMODEL_SNAPPY_H
#define MODELHOOK_PACKAGING_SAVEDMODEL_SNAPPY_H

#include <stddef.h>
#include <stdint.h>

/* snappy_decode - decode all of the bytes; at most max come out, into *out, which the caller frees.
 * Returns NULL, or what is wrong with the stream; *out is NULL then. */
const char *snappy_decode(
	const uint8_t *bytes, size_t size, size_t max, uint8_t **out, size_t *out_size);

#endif
