#include "packaging/savedmodel/graph_memory.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

void *graph_memory_grow(
	pb_istream_t *stream, struct graph_memory *memory, void *list, size_t count, size_t size)
{
	return protobuf_grow(stream, &memory->left, list, count, size);
}

bool graph_memory_name(pb_istream_t *stream, const struct protobuf_field *field,
	struct graph_memory *memory, char **out)
{
	struct text *text = &memory->text;
	if (!protobuf_text(stream, field, GRAPH_NAME_MAX, text) ||
		!protobuf_keep(stream, &memory->left, text->size + 16))
		return false;
	if (!utf8_is_valid(text_string(text), text->size) ||
		memchr(text_string(text), 0, text->size) != NULL)
		PB_RETURN_ERROR(stream, "a name that is not UTF-8");
	free(*out);
	*out = text_copy(text_string(text));
	return true;
}
