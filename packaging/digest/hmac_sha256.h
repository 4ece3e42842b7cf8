/* hmac_sha256 - HMAC with SHA-256 (RFC 2104), by OpenSSL.
 */
#ifndef MODELHOOK_PACKAGING_DIGEST_HMAC_SHA256_H
#define MODELHOOK_PACKAGING_DIGEST_HMAC_SHA256_H

#include <stddef.h>
#include <stdint.h>

#include "packaging/digest/sha256.h"

void hmac_sha256(const void *key, size_t key_size, const void *bytes, size_t size,
	uint8_t mac[SHA256_BYTES]);

#endif
