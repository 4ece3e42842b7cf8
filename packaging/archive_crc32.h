/* archive_crc32 - the checksum of a gzip member (RFC 1952), as fast as memory where the processor
 * multiplies without carries; by zlib elsewhere.
 */
#ifndef MODELHOOK_PACKAGING_ARCHIVE_CRC32_H
#define MODELHOOK_PACKAGING_ARCHIVE_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* crc32_add - the CRC of what had `crc` with these bytes behind it; 0 for nothing */
uint32_t crc32_add(uint32_t crc, const void *bytes, size_t size);

#endif
