#include "packaging/savedmodel/string_tensor.h"

#include "packaging/digest/crc32c.h"

void string_tensor_begin(struct string_tensor *tensor, uint64_t elements)
{
	*tensor = (struct string_tensor){.lengths_left = elements};
}

static void put(uint8_t *out, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		out[i] = (uint8_t)(value >> (8 * i));
}

static void end_length(struct string_tensor *tensor)
{
	uint8_t word[8];
	size_t size = tensor->length <= UINT32_MAX ? 4 : 8;
	put(word, tensor->length, size);
	tensor->crc = crc32c_add(tensor->crc, word, size);
	if (__builtin_add_overflow(tensor->strings_left, tensor->length, &tensor->strings_left))
		tensor->wrong = "its lengths add up to more than can be";
	tensor->length = 0;
	tensor->shift = 0;
	tensor->lengths_left--;
}

static void add_to_length(struct string_tensor *tensor, uint8_t byte)
{
	if (tensor->shift == 63 && byte > 1) {
		tensor->wrong = "a length of more than 64 bits";
		return;
	}
	tensor->length |= (uint64_t)(byte & 0x7f) << tensor->shift;
	tensor->shift += 7;
	if (byte < 0x80)
		end_length(tensor);
}

static void add_to_stored(struct string_tensor *tensor, uint8_t byte)
{
	uint8_t computed[4];
	tensor->stored[tensor->stored_size++] = byte;
	if (tensor->stored_size < sizeof(tensor->stored))
		return;
	put(computed, crc32c_mask(tensor->crc), sizeof(computed));
	for (size_t i = 0; i < sizeof(computed); i++)
		if (computed[i] != tensor->stored[i])
			tensor->wrong = "the checksum of its lengths does not hold";
	tensor->crc = crc32c_add(tensor->crc, tensor->stored, sizeof(tensor->stored));
}

void string_tensor_add(struct string_tensor *tensor, const void *bytes, size_t size)
{
	const uint8_t *at = bytes;
	const uint8_t *end = at + size;
	for (; at < end && tensor->lengths_left > 0 && tensor->wrong == NULL; at++)
		add_to_length(tensor, *at);
	for (; at < end && tensor->stored_size < sizeof(tensor->stored) && tensor->wrong == NULL;
		at++)
		add_to_stored(tensor, *at);
	if (tensor->wrong != NULL || at == end)
		return;
	size_t left = (size_t)(end - at);
	if (left > tensor->strings_left) {
		tensor->wrong = "it is longer than its lengths say";
		return;
	}
	tensor->crc = crc32c_add(tensor->crc, at, left);
	tensor->strings_left -= left;
}

const char *string_tensor_finish(const struct string_tensor *tensor)
{
	if (tensor->wrong != NULL)
		return tensor->wrong;
	if (tensor->lengths_left > 0 || tensor->stored_size < sizeof(tensor->stored))
		return "it ends before its strings begin";
	if (tensor->strings_left > 0)
		return "it is shorter than its lengths say";
	return NULL;
}
