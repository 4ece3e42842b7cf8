#include "packaging/golden/tensor_proto.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "packaging/savedmodel/dtype.h"

enum {
	FIELD_DTYPE = 1,
	FIELD_SHAPE = 2,
	FIELD_CONTENT = 4,
	FIELD_HALF = 13,
	FIELD_FLOAT = 5,
	FIELD_DOUBLE = 6,
	FIELD_INT = 7,
	FIELD_STRING = 8,
	FIELD_INT64 = 10,
	FIELD_BOOL = 11,
	FIELD_UINT32 = 16,
	FIELD_UINT64 = 17,
};

#define CONTENT_MAX ((size_t)64 << 20)
#define ELEMENTS_MAX ((size_t)4 << 20) /* of one tensor */

/* Floating point by hand: the sign, the exponent and the fraction of so many bits. */
static double read_float(uint64_t bits, int exponent_bits, int fraction_bits)
{
	uint64_t fraction = bits & ((UINT64_C(1) << fraction_bits) - 1);
	int most = (1 << exponent_bits) - 1, bias = most / 2;
	int exponent = (int)(bits >> fraction_bits) & most;
	double sign = (bits >> (exponent_bits + fraction_bits) & 1) != 0 ? -1 : 1;
	if (exponent == most)
		return fraction != 0 ? NAN : sign * INFINITY;
	double value = (double)fraction + (exponent != 0 ? ldexp(1, fraction_bits) : 0);
	return sign * ldexp(value, (exponent != 0 ? exponent : 1) - bias - fraction_bits);
}

static double read_bits(int dtype, uint64_t bits)
{
	switch (dtype) {
	case DTYPE_FLOAT:
		return read_float(bits, 8, 23);
	case DTYPE_DOUBLE:
		return read_float(bits, 11, 52);
	case DTYPE_HALF:
		return read_float(bits, 5, 10);
	case DTYPE_BFLOAT16:
		return read_float(bits, 8, 7);
	case DTYPE_INT8:
		return (int8_t)bits;
	case DTYPE_INT16:
		return (int16_t)bits;
	case DTYPE_INT32:
		return (int32_t)bits;
	case DTYPE_INT64:
		return (double)(int64_t)bits;
	default:
		return (double)bits;
	}
}

static void add_number(struct golden_tensor *tensor, double value)
{
	if ((tensor->count & (tensor->count - 1)) == 0)
		tensor->numbers = memory_grow(tensor->numbers,
			tensor->count > 0 ? 2 * tensor->count : 1, sizeof(*tensor->numbers));
	tensor->numbers[tensor->count++] = value;
}

static bool read_dim(pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	uint64_t size = 0;
	struct golden_tensor *tensor = context;
	if (field->number != 1)
		return protobuf_skip(stream, field);
	if (!protobuf_number(stream, field, &size))
		return false;
	tensor->shape[tensor->rank - 1] = (int64_t)size;
	return true;
}

static bool read_shape(pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	struct golden_tensor *tensor = context;
	if (field->number != 2)
		return protobuf_skip(stream, field);
	if (tensor->rank == GOLDEN_RANK_MAX)
		PB_RETURN_ERROR(stream, "too many dimensions");
	tensor->shape[tensor->rank++] = 0;
	return protobuf_message(stream, field, read_dim, tensor);
}

static bool read_content(
	pb_istream_t *stream, const struct protobuf_field *field, struct golden_tensor *tensor)
{
	struct text text = {0};
	size_t size = dtype_size(tensor->dtype);
	if (!protobuf_text(stream, field, CONTENT_MAX, &text))
		return false;
	if (size == 0 || text.size / size > ELEMENTS_MAX) {
		text_release(&text);
		PB_RETURN_ERROR(stream, "a tensor of that type or size is not taken");
	}
	for (size_t at = 0; at + size <= text.size; at += size) {
		uint64_t bits = 0;
		memcpy(&bits, text.data + at, size < sizeof(bits) ? size : sizeof(bits));
		add_number(tensor, read_bits(tensor->dtype, bits));
	}
	text_release(&text);
	return true;
}

static bool read_string(
	pb_istream_t *stream, const struct protobuf_field *field, struct golden_tensor *tensor)
{
	struct text text = {0};
	if (!protobuf_text(stream, field, CONTENT_MAX, &text))
		return false;
	tensor->strings = memory_grow(tensor->strings, tensor->count + 1, sizeof(*tensor->strings));
	tensor->strings[tensor->count++] = text.data != NULL ? text_take(&text) : text_copy("");
	return true;
}

/* One value of a list, packed or not. */
static bool read_value(
	pb_istream_t *stream, uint32_t number, int dtype, struct golden_tensor *tensor)
{
	uint64_t bits = 0;
	uint32_t half = 0;
	bool read = number == FIELD_FLOAT    ? pb_decode_fixed32(stream, &half)
		    : number == FIELD_DOUBLE ? pb_decode_fixed64(stream, &bits)
					     : pb_decode_varint(stream, &bits);
	if (!read || tensor->count >= ELEMENTS_MAX)
		return false;
	add_number(tensor, read_bits(dtype, number == FIELD_FLOAT ? half : bits));
	return true;
}

static bool read_values(
	pb_istream_t *stream, const struct protobuf_field *field, struct golden_tensor *tensor)
{
	pb_istream_t packed;
	if (field->type != PB_WT_STRING)
		return read_value(stream, field->number, tensor->dtype, tensor);
	if (!pb_make_string_substream(stream, &packed))
		return false;
	bool read = true;
	while (read && packed.bytes_left > 0)
		read = read_value(&packed, field->number, tensor->dtype, tensor);
	return pb_close_string_substream(stream, &packed) && read;
}

/* The type comes first, as every writer has it: the values are read by it. */
bool tensor_proto_field(pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	struct golden_tensor *tensor = context;
	uint64_t dtype = 0;
	switch (field->number) {
	case FIELD_DTYPE:
		if (!protobuf_number(stream, field, &dtype))
			return false;
		tensor->dtype = (int)(dtype & 0xff);
		return true;
	case FIELD_SHAPE:
		return protobuf_message(stream, field, read_shape, tensor);
	case FIELD_CONTENT:
		return read_content(stream, field, tensor);
	case FIELD_STRING:
		return tensor->numbers == NULL ? read_string(stream, field, tensor)
					       : protobuf_skip(stream, field);
	case FIELD_HALF:
	case FIELD_FLOAT:
	case FIELD_DOUBLE:
	case FIELD_INT:
	case FIELD_INT64:
	case FIELD_BOOL:
	case FIELD_UINT32:
	case FIELD_UINT64:
		return tensor->strings == NULL ? read_values(stream, field, tensor)
					       : protobuf_skip(stream, field);
	default:
		return protobuf_skip(stream, field);
	}
}

/* How many elements the shape has; SIZE_MAX where that is more than fits. */
static size_t count_elements(const struct golden_tensor *tensor)
{
	size_t count = 1;
	for (size_t i = 0; i < tensor->rank; i++) {
		if (tensor->shape[i] < 0 ||
			(tensor->shape[i] > 0 && count > ELEMENTS_MAX / (size_t)tensor->shape[i]))
			return SIZE_MAX;
		count *= (size_t)tensor->shape[i];
	}
	return count;
}

static bool are_texts(const struct golden_tensor *tensor)
{
	for (size_t i = 0; tensor->strings != NULL && i < tensor->count; i++)
		if (!utf8_is_valid(tensor->strings[i], strlen(tensor->strings[i])))
			return false;
	return true;
}

static bool is_number(int dtype)
{
	static const int numbers[] = {DTYPE_FLOAT, DTYPE_DOUBLE, DTYPE_INT32, DTYPE_UINT8,
		DTYPE_INT16, DTYPE_INT8, DTYPE_INT64, DTYPE_BOOL, DTYPE_BFLOAT16, DTYPE_UINT16,
		DTYPE_HALF, DTYPE_UINT32, DTYPE_UINT64};
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (numbers[i] == dtype)
			return true;
	return false;
}

int tensor_proto_finish(struct golden_tensor *tensor, struct fail *f)
{
	bool is_string = tensor->dtype == DTYPE_STRING;
	size_t count = count_elements(tensor);
	if (!is_string && !is_number(tensor->dtype))
		return fail_set(f, STATUS_UNACCEPTABLE,
			"%.80s: JSON has no way to say values of type %s", tensor->name,
			dtype_name(tensor->dtype) != NULL ? dtype_name(tensor->dtype) : "unknown");
	if (count == SIZE_MAX || tensor->count > count || (is_string && tensor->count != count) ||
		(tensor->count == 0 && count > 0) || (is_string && tensor->numbers != NULL) ||
		(!is_string && tensor->strings != NULL))
		return fail_set(f, STATUS_UNACCEPTABLE,
			"%.80s: has %zu values, which its type and shape do not go with",
			tensor->name, tensor->count);
	if (!are_texts(tensor))
		return fail_set(
			f, STATUS_UNACCEPTABLE, "%.80s: a string that is not UTF-8", tensor->name);
	while (tensor->count < count)
		add_number(tensor, tensor->numbers[tensor->count - 1]);
	return 0;
}
