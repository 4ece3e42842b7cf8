/* fingerprint64 - FarmHash's Fingerprint64 (farmhashna::Hash64), the 64-bit hash that TensorFlow's
 * fingerprint.pb holds of variables.index.
 *
 * The same on every machine. Not a cryptographic hash.
 */
#ifndef MODELHOOK_PACKAGING_FINGERPRINT64_H
#define MODELHOOK_PACKAGING_FINGERPRINT64_H

#include <stddef.h>
#include <stdint.h>

uint64_t fingerprint64(const void *bytes, size_t size);

#endif
