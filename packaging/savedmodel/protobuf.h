/* protobuf - the fields of a protocol buffer, one after another, over nanopb's streams.
 *
 * No generated code and no message in memory: a handler takes the fields that it knows and skips
 * the rest, so that a graph of hundreds of megabytes passes in a few kilobytes. What is wrong is
 * said by the stream (PB_GET_ERROR); where, by the reader's offset.
 */
#ifndef MODELHOOK_PACKAGING_SAVEDMODEL_PROTOBUF_H
#define MODELHOOK_PACKAGING_SAVEDMODEL_PROTOBUF_H

#include <pb_decode.h>

#include "base/fail.h"
#include "base/text.h"
#include "packaging/savedmodel/file_reader.h"

struct protobuf_field {
	uint32_t number;
	pb_wire_type_t type;
};

/* protobuf_handler - takes the value of one field from the stream, all of it; false where it is
 * broken
 */
typedef bool protobuf_handler(
	pb_istream_t *stream, const struct protobuf_field *field, void *context);

/* protobuf_source - what feeds a stream, and whether reading itself failed (f is filled then) */
struct protobuf_source {
	struct file_reader *reader;
	struct fail *f;
	bool failed;
};

/* protobuf_stream - a stream of the next size bytes; source is borrowed for as long as it is used
 */
pb_istream_t protobuf_stream(struct protobuf_source *source, uint64_t size);

/* protobuf_each - give every field up to the end of the stream to the handler */
bool protobuf_each(pb_istream_t *stream, protobuf_handler *handler, void *context);

/* Values of the field at hand. Another wire type than the value's is an error. */
bool protobuf_message(pb_istream_t *stream, const struct protobuf_field *field,
	protobuf_handler *handler, void *context);
bool protobuf_number(pb_istream_t *stream, const struct protobuf_field *field, uint64_t *value);
bool protobuf_fixed32(pb_istream_t *stream, const struct protobuf_field *field, uint32_t *value);

/* protobuf_text - a string of at most max bytes into text, which is cleared first */
bool protobuf_text(
	pb_istream_t *stream, const struct protobuf_field *field, size_t max, struct text *text);

bool protobuf_skip(pb_istream_t *stream, const struct protobuf_field *field);

/* protobuf_keep - take size bytes from what may be kept of a message; an error of the stream where
 * that is used up. protobuf_grow - room for one more of a list that grows by doubling, taken from
 * that; NULL where it is used up. */
bool protobuf_keep(pb_istream_t *stream, size_t *memory, size_t size);
void *protobuf_grow(pb_istream_t *stream, size_t *memory, void *list, size_t count, size_t size);

#endif
