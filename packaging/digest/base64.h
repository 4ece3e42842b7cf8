/* base64 - bytes as text (RFC 4648).
 */
#ifndef MODELHOOK_PACKAGING_DIGEST_BASE64_H
#define MODELHOOK_PACKAGING_DIGEST_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* base64_encode - section 4; the caller frees it */
char *base64_encode(const void *bytes, size_t size);

/* base64_encode_url - section 5 of it, without padding; the caller frees it */
char *base64_encode_url(const void *bytes, size_t size);

/* base64_decode - into three bytes for every four characters, padding included (as zeros);
 * false: it is none */
bool base64_decode(const char *base64, uint8_t *bytes);

#endif
