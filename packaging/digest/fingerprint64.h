/* fingerprint64 - FarmHash's Fingerprint64 (farmhashna::Hash64), the 64-bit hash that TensorFlow's
 * fingerprint.pb holds of variables.index.
 *
 * The same on every machine. Not a cryptographic hash.
 */
#ifndef MODELHOOK_PACKAGING_DIGEST_FINGERPRINT64_H
#define MODELHOOK_PACKAGING_DIGEST_FINGERPRINT64_H

#include <stddef.h>
#include <stdint.h>

uint64_t fingerprint64(const void *bytes, size_t size);

/* struct fingerprint64 - the same of bytes that come in pieces; {0} is that of none. Owns nothing.
 */
struct fingerprint64 {
	uint64_t x, y, z;
	uint64_t v[2], w[2];
	uint64_t size;
	uint8_t before[64]; /* the block before */
	uint8_t block[64];  /* the last, begun or whole */
};

void fingerprint64_add(struct fingerprint64 *hash, const void *bytes, size_t size);
uint64_t fingerprint64_finish(const struct fingerprint64 *hash);

#endif
