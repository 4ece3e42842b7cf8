/* string_tensor - checks the bytes of a string tensor in a bundle as they pass
 * (tensorflow/core/util/tensor_bundle: WriteStringTensor).
 *
 * As many varint lengths as elements; the masked CRC32C of those lengths as little-endian words of
 * 32 bits (64 where one needs it); then the strings. The tensor's own checksum goes over the words,
 * the checksum and the strings. No length is kept.
 */
#ifndef MODELHOOK_PACKAGING_SAVEDMODEL_STRING_TENSOR_H
#define MODELHOOK_PACKAGING_SAVEDMODEL_STRING_TENSOR_H

#include <stddef.h>
#include <stdint.h>

struct string_tensor {
	uint64_t lengths_left;
	uint64_t length; /* so far, of the one at hand */
	unsigned shift;
	uint8_t stored[4];     /* the lengths' checksum */
	unsigned stored_size;  /* bytes of it seen */
	uint64_t strings_left; /* bytes */
	uint32_t crc;	       /* of everything so far, not masked */
	const char *wrong;     /* what is, or NULL; nothing is looked at after it */
};

void string_tensor_begin(struct string_tensor *tensor, uint64_t elements);
void string_tensor_add(struct string_tensor *tensor, const void *bytes, size_t size);

/* string_tensor_finish - NULL where lengths and strings fit, else what is wrong */
const char *string_tensor_finish(const struct string_tensor *tensor);

#endif
