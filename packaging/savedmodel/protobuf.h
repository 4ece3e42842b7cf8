/* protobuf - the fields of a protocol buffer, one after another, over nanopb's streams.
 *
 * No generated code and no message in memory: a handler takes the fields that it knows and skips
 * the rest, so that a graph of hundreds of megabytes passes in a few kilobytes. What is wrong is
 * said by the stream (PB_GET_ERROR); where, by the reader's offset.
 */
#ifndef MODELHOOK_PACKAGING_SAVEDMODEL_PROTOBUF_H
#define MODELHOOK_PACKAGING_SAVEDMODEL_PROTOBUF_H

#include <pb_decode.h>

#include "base/text.h"
#include "packaging/savedmodel/file_reader.h"

struct wire_field {
	uint32_t number;
	pb_wire_type_t type;
};

/* wire_handler - takes the value of one field from the stream, all of it; false where it is broken
 */
typedef bool wire_handler(pb_istream_t *stream, const struct wire_field *field, void *context);

/* wire_source - what feeds a stream, and whether reading itself failed (f is filled then) */
struct wire_source {
	struct reader *reader;
	struct fail *f;
	bool failed;
};

/* wire_stream - a stream of the next size bytes; source is borrowed for as long as it is used */
pb_istream_t wire_stream(struct wire_source *source, uint64_t size);

/* wire_each - give every field up to the end of the stream to the handler */
bool wire_each(pb_istream_t *stream, wire_handler *handler, void *context);

/* Values of the field at hand. Another wire type than the value's is an error. */
bool wire_message(
	pb_istream_t *stream, const struct wire_field *field, wire_handler *handler, void *context);
bool wire_number(pb_istream_t *stream, const struct wire_field *field, uint64_t *value);
bool wire_fixed32(pb_istream_t *stream, const struct wire_field *field, uint32_t *value);

/* wire_text - a string of at most max bytes into text, which is cleared first */
bool wire_text(pb_istream_t *stream, const struct wire_field *field, size_t max, struct text *text);

bool wire_skip(pb_istream_t *stream, const struct wire_field *field);

/* wire_keep - take size bytes from what may be kept of a message; an error of the stream where that
 * is used up. wire_grow - room for one more of a list that grows by doubling, taken from that; NULL
 * where it is used up. */
bool wire_keep(pb_istream_t *stream, size_t *memory, size_t size);
void *wire_grow(pb_istream_t *stream, size_t *memory, void *list, size_t count, size_t size);

#endif
