#include "packaging/savedmodel/protobuf.h"

#include "base/memory.h"

static bool feed(pb_istream_t *stream, pb_byte_t *out, size_t size)
{
	struct protobuf_source *source = stream->state;
	size_t got;
	if (file_reader_copy(source->reader, out, size, &got, source->f) != 0) {
		source->failed = true;
		PB_RETURN_ERROR(stream, "cannot be read");
	}
	if (got < size)
		PB_RETURN_ERROR(stream, "it ends too early");
	return true;
}

pb_istream_t protobuf_stream(struct protobuf_source *source, uint64_t size)
{
	return (pb_istream_t){.callback = feed, .state = source, .bytes_left = (size_t)size};
}

bool protobuf_each(pb_istream_t *stream, protobuf_handler *handler, void *context)
{
	while (stream->bytes_left > 0) {
		struct protobuf_field field;
		bool ended;
		if (!pb_decode_tag(stream, &field.type, &field.number, &ended)) {
			if (stream->errmsg == NULL)
				PB_RETURN_ERROR(stream, "a field without a number");
			return false;
		}
		if (field.number == 0)
			PB_RETURN_ERROR(stream, "a field with the number 0");
		if (!handler(stream, &field, context))
			return false;
	}
	return true;
}

static bool is_type(pb_istream_t *stream, const struct protobuf_field *field, pb_wire_type_t type)
{
	if (field->type != type)
		PB_RETURN_ERROR(stream, "a field of the wrong wire type");
	return true;
}

bool protobuf_message(pb_istream_t *stream, const struct protobuf_field *field,
	protobuf_handler *handler, void *context)
{
	pb_istream_t inside;
	if (!is_type(stream, field, PB_WT_STRING))
		return false;
	if (!pb_make_string_substream(stream, &inside))
		return false;
	bool whole = protobuf_each(&inside, handler, context);
	return pb_close_string_substream(stream, &inside) && whole;
}

bool protobuf_number(pb_istream_t *stream, const struct protobuf_field *field, uint64_t *value)
{
	return is_type(stream, field, PB_WT_VARINT) && pb_decode_varint(stream, value);
}

bool protobuf_fixed32(pb_istream_t *stream, const struct protobuf_field *field, uint32_t *value)
{
	return is_type(stream, field, PB_WT_32BIT) && pb_decode_fixed32(stream, value);
}

static bool get_size(pb_istream_t *stream, size_t *size)
{
	uint64_t value;
	if (!pb_decode_varint(stream, &value))
		return false;
	if (value > stream->bytes_left)
		PB_RETURN_ERROR(stream, "a field that is longer than what holds it");
	*size = (size_t)value;
	return true;
}

bool protobuf_text(
	pb_istream_t *stream, const struct protobuf_field *field, size_t max, struct text *text)
{
	size_t size;
	text_clear(text);
	if (!is_type(stream, field, PB_WT_STRING) || !get_size(stream, &size))
		return false;
	if (size > max)
		PB_RETURN_ERROR(stream, "a string that is too long to be a name");
	while (size > 0) {
		pb_byte_t piece[512];
		size_t count = size < sizeof(piece) ? size : sizeof(piece);
		if (!pb_read(stream, piece, count))
			return false;
		text_add(text, piece, count);
		size -= count;
	}
	return true;
}

/* nanopb itself skips 16 bytes at a time. */
static bool skip_bytes(pb_istream_t *stream)
{
	size_t size;
	if (!get_size(stream, &size))
		return false;
	while (size > 0) {
		pb_byte_t piece[8192];
		size_t count = size < sizeof(piece) ? size : sizeof(piece);
		if (!pb_read(stream, piece, count))
			return false;
		size -= count;
	}
	return true;
}

bool protobuf_skip(pb_istream_t *stream, const struct protobuf_field *field)
{
	if (field->type == PB_WT_STRING)
		return skip_bytes(stream);
	return pb_skip_field(stream, field->type);
}

bool protobuf_keep(pb_istream_t *stream, size_t *memory, size_t size)
{
	if (size > *memory)
		PB_RETURN_ERROR(stream, "more names and signatures than are kept");
	*memory -= size;
	return true;
}

void *protobuf_grow(pb_istream_t *stream, size_t *memory, void *list, size_t count, size_t size)
{
	if (!protobuf_keep(stream, memory, size))
		return NULL;
	if (count > 0 && (count & (count - 1)) != 0)
		return list;
	return memory_grow(list, count == 0 ? 1 : count * 2, size);
}
