/* signature_def_read - SignatureDefs out of a graph (meta_graph.proto: SignatureDef, TensorInfo).
 */
#ifndef MODELHOOK_PACKAGING_SAVEDMODEL_SIGNATURE_DEF_READ_H
#define MODELHOOK_PACKAGING_SAVEDMODEL_SIGNATURE_DEF_READ_H

#include "packaging/savedmodel/graph_memory.h"
#include "packaging/savedmodel/signature_def.h"

/* signature_def_read - read one map entry of signature_def to the end of the list, in the order of
 * the file. False with an error of the stream; the list is the caller's in either case. */
bool signature_def_read(pb_istream_t *stream, const struct protobuf_field *field,
	struct graph_memory *memory, struct signature_def **signatures, size_t *count);

#endif
