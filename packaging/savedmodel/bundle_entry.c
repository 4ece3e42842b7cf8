#include "packaging/savedmodel/bundle_entry.h"

#include "packaging/savedmodel/protobuf.h"

/* One slice: its extents so far. */
struct slice {
	struct bundle_extent extents[BUNDLE_RANK_MAX];
	size_t count;
};

static bool take_version(pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	struct bundle_header *header = context;
	if (field->number == 2)
		return protobuf_number(stream, field, &header->min_consumer);
	return protobuf_skip(stream, field);
}

static bool take_header(pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	struct bundle_header *header = context;
	switch (field->number) {
	case 1:
		return protobuf_number(stream, field, &header->shard_count);
	case 2:
		return protobuf_number(stream, field, &header->endianness);
	case 3:
		return protobuf_message(stream, field, take_version, header);
	default:
		return protobuf_skip(stream, field);
	}
}

static bool take_signed(pb_istream_t *stream, const struct protobuf_field *field, int64_t *value)
{
	uint64_t bits;
	if (!protobuf_number(stream, field, &bits))
		return false;
	*value = (int64_t)bits;
	return true;
}

static bool take_dim(pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	if (field->number == 1)
		return take_signed(stream, field, context);
	return protobuf_skip(stream, field);
}

static bool take_shape(pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	struct bundle_value *value = context;
	uint64_t unknown;
	switch (field->number) {
	case 2:
		if (value->rank == BUNDLE_RANK_MAX)
			PB_RETURN_ERROR(stream, "a shape of more than 254 dimensions");
		value->dims[value->rank] = 0;
		return protobuf_message(stream, field, take_dim, &value->dims[value->rank++]);
	case 3:
		if (!protobuf_number(stream, field, &unknown))
			return false;
		value->unknown_rank = unknown != 0;
		return true;
	default:
		return protobuf_skip(stream, field);
	}
}

static bool take_extent(pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	struct bundle_extent *extent = context;
	switch (field->number) {
	case 1:
		return take_signed(stream, field, &extent->start);
	case 2:
		return take_signed(stream, field, &extent->length);
	default:
		return protobuf_skip(stream, field);
	}
}

static bool take_slice(pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	struct slice *slice = context;
	if (field->number != 1)
		return protobuf_skip(stream, field);
	if (slice->count == BUNDLE_RANK_MAX)
		PB_RETURN_ERROR(stream, "a slice of more than 254 dimensions");
	struct bundle_extent *extent = &slice->extents[slice->count++];
	*extent = (struct bundle_extent){.length = -1};
	return protobuf_message(stream, field, take_extent, extent);
}

static bool take_whole_slice(
	pb_istream_t *stream, const struct protobuf_field *field, struct bundle_value *value)
{
	struct slice slice = {.count = 0};
	value->slice_count++;
	if (!protobuf_message(stream, field, take_slice, &slice))
		return false;
	return value->take == NULL || value->take(slice.extents, slice.count, value->context);
}

static bool take_value(pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	struct bundle_value *value = context;
	switch (field->number) {
	case 1:
		return protobuf_number(stream, field, &value->dtype);
	case 2:
		return protobuf_message(stream, field, take_shape, value);
	case 3:
		return protobuf_number(stream, field, &value->shard);
	case 4:
		return protobuf_number(stream, field, &value->offset);
	case 5:
		return protobuf_number(stream, field, &value->size);
	case 6:
		return protobuf_fixed32(stream, field, &value->crc);
	case 7:
		return take_whole_slice(stream, field, value);
	default:
		return protobuf_skip(stream, field);
	}
}

static bool decode(const uint8_t *bytes, size_t size, protobuf_handler *handler, void *context,
	const char **error)
{
	pb_istream_t stream = pb_istream_from_buffer(bytes, size);
	if (protobuf_each(&stream, handler, context))
		return true;
	*error = PB_GET_ERROR(&stream);
	return false;
}

bool bundle_header_decode(
	struct bundle_header *header, const uint8_t *bytes, size_t size, const char **error)
{
	*header = (struct bundle_header){0};
	return decode(bytes, size, take_header, header, error);
}

bool bundle_value_decode(
	struct bundle_value *value, const uint8_t *bytes, size_t size, const char **error)
{
	tensor_bundle_slice_taker *take = value->take;
	void *context = value->context;
	*value = (struct bundle_value){.take = take, .context = context};
	return decode(bytes, size, take_value, value, error);
}

bool bundle_value_elements(const struct bundle_value *value, uint64_t *elements)
{
	bool overflow = false, is_empty = false;
	*elements = 1;
	for (size_t i = 0; i < value->rank; i++) {
		if (value->dims[i] < 0)
			return false;
		is_empty |= value->dims[i] == 0;
		overflow |= __builtin_mul_overflow(*elements, (uint64_t)value->dims[i], elements);
		overflow |= *elements > INT64_MAX;
	}
	if (is_empty)
		*elements = 0;
	return is_empty || !overflow;
}
