/* checksum - the sums that object stores keep of their objects, in the form that they are sent in.
 */
#ifndef MODELHOOK_STORE_CHECKSUM_H
#define MODELHOOK_STORE_CHECKSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MD5_BYTES 16

/* checksum_crc32c - base64 of a CRC-32C, most significant byte first; the caller frees it */
char *checksum_crc32c(uint32_t crc);

/* struct md5 - the MD5 of a stream; owns its context until md5_finish or md5_release. A zeroed one
 * may be released. */
struct md5 {
	void *context;
};
void md5_init(struct md5 *md5); /* may be called again, to start anew */
void md5_add(struct md5 *md5, const void *bytes, size_t size);
void md5_finish(struct md5 *md5, uint8_t digest[MD5_BYTES]);
void md5_release(struct md5 *md5);

void checksum_md5(const void *bytes, size_t size, uint8_t digest[MD5_BYTES]);

#endif
