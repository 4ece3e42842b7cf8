/* crc32c - CRC-32C (Castagnoli; RFC 3720 appendix B.4) and the masked form that LevelDB and
 * TensorFlow store.
 *
 * Three streams of the processor's crc32 instruction at once where there is one (SSE 4.2), else
 * eight tables. Safe from several threads.
 */
#ifndef MODELHOOK_PACKAGING_DIGEST_CRC32C_H
#define MODELHOOK_PACKAGING_DIGEST_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* crc32c_add - the checksum of what `crc` is the checksum of, followed by bytes; begin with 0 */
uint32_t crc32c_add(uint32_t crc, const void *bytes, size_t size);

/* crc32c_add_portable - the same without special instructions */
uint32_t crc32c_add_portable(uint32_t crc, const void *bytes, size_t size);

/* crc32c_join - the checksum of what `first` is the checksum of, followed by `size` bytes that
 * `second` is the checksum of */
uint32_t crc32c_join(uint32_t first, uint32_t second, uint64_t size);

/* crc32c_mask - as stored beside the data that it is the checksum of: rotated by 15, plus a
 * constant, so that a checksum over bytes that hold checksums stays a good one */
uint32_t crc32c_mask(uint32_t crc);

#endif
