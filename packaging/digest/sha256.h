/* sha256 - SHA-256 (FIPS 180-4) of a stream, by OpenSSL's EVP, which uses the processor's own
 * instructions.
 *
 * Owns its context until sha256_finish or sha256_release. A zeroed struct may be released.
 */
#ifndef MODELHOOK_PACKAGING_DIGEST_SHA256_H
#define MODELHOOK_PACKAGING_DIGEST_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES 32
#define SHA256_HEX 65 /* with the NUL */

struct sha256 {
	void *context;
};

void sha256_init(struct sha256 *sha);
void sha256_add(struct sha256 *sha, const void *bytes, size_t size);

/* sha256_finish - lower-case hex of the digest; releases the context */
void sha256_finish(struct sha256 *sha, char hex[SHA256_HEX]);
void sha256_release(struct sha256 *sha);

/* sha256_of - the digest of one string of bytes */
void sha256_of(const void *bytes, size_t size, char hex[SHA256_HEX]);

#endif
