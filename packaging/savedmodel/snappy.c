#include "packaging/savedmodel/snappy.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* The most bytes that an element of three bytes encodes: a copy with a 2-byte offset. */
#define COPY_MAX 64
#define COPY_BYTES 3

struct decoder {
	const uint8_t *at;
	const uint8_t *end;
	uint8_t *out;
	size_t size; /* decoded so far */
	size_t wanted;
};

/* A little-endian number of so many bytes. */
static bool get_number(struct decoder *decoder, size_t bytes, size_t *number)
{
	*number = 0;
	if ((size_t)(decoder->end - decoder->at) < bytes)
		return false;
	for (size_t i = 0; i < bytes; i++)
		*number |= (size_t)*decoder->at++ << (8 * i);
	return true;
}

static bool get_size(struct decoder *decoder)
{
	for (int shift = 0; shift < 35 && decoder->at < decoder->end; shift += 7) {
		uint8_t byte = *decoder->at++;
		if (shift == 28 && byte > 15)
			return false;
		decoder->wanted |= (size_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return true;
	}
	return false;
}

static const char *add_literal(struct decoder *decoder, size_t tag)
{
	size_t length = tag >> 2;
	if (length >= 60 && !get_number(decoder, length - 59, &length))
		return "a literal that is cut short";
	length++;
	if (length > (size_t)(decoder->end - decoder->at))
		return "a literal that is cut short";
	if (length > decoder->wanted - decoder->size)
		return "more bytes than its size says";
	memcpy(decoder->out + decoder->size, decoder->at, length);
	decoder->at += length;
	decoder->size += length;
	return NULL;
}

/* Source and target may overlap: what is copied first is then copied again. */
static const char *add_copy(struct decoder *decoder, size_t length, size_t offset)
{
	if (offset == 0 || offset > decoder->size)
		return "a copy from before its beginning";
	if (length > decoder->wanted - decoder->size)
		return "more bytes than its size says";
	for (size_t i = 0; i < length; i++, decoder->size++)
		decoder->out[decoder->size] = decoder->out[decoder->size - offset];
	return NULL;
}

static const char *add_element(struct decoder *decoder)
{
	static const size_t offset_bytes[] = {0, 1, 2, 4};
	size_t tag = *decoder->at++, kind = tag & 3, offset;
	if (kind == 0)
		return add_literal(decoder, tag);
	if (!get_number(decoder, offset_bytes[kind], &offset))
		return "a copy that is cut short";
	if (kind == 1)
		return add_copy(decoder, 4 + (tag >> 2 & 7), (tag >> 5) << 8 | offset);
	return add_copy(decoder, 1 + (tag >> 2), offset);
}

const char *snappy_decode(
	const uint8_t *bytes, size_t size, size_t max, uint8_t **out, size_t *out_size)
{
	struct decoder decoder = {.at = bytes, .end = bytes + size};
	const char *error = NULL;
	*out = NULL;
	*out_size = 0;
	if (!get_size(&decoder))
		return "its size is no number";
	if (decoder.wanted > max)
		return "it is larger than is read";
	if (decoder.wanted / COPY_MAX > size / COPY_BYTES)
		return "a size that so few bytes cannot have";
	decoder.out = memory_get(decoder.wanted, 1);
	while (error == NULL && decoder.at < decoder.end)
		error = add_element(&decoder);
	if (error == NULL && decoder.size < decoder.wanted)
		error = "fewer bytes than its size says";
	if (error != NULL) {
		free(decoder.out);
		return error;
	}
	*out = decoder.out;
	*out_size = decoder.size;
	return NULL;
}
