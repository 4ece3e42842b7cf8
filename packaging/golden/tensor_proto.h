/* tensor_proto - TensorFlow's TensorProto (tensorflow/core/framework/tensor.proto) read into a
 * golden tensor.
 */
#ifndef MODELHOOK_PACKAGING_GOLDEN_TENSOR_PROTO_H
#define MODELHOOK_PACKAGING_GOLDEN_TENSOR_PROTO_H

#include "packaging/golden/tensor.h"
#include "packaging/savedmodel/protobuf.h"

/* tensor_proto_field - a protobuf_handler; context: a struct golden_tensor that is zeroed but for
 * its name */
bool tensor_proto_field(pb_istream_t *stream, const struct protobuf_field *field, void *context);

/* tensor_proto_finish - after the last field: as many elements as the shape has. A list that is
 * shorter ends in the value that all the rest have. UNACCEPTABLE by the tensor's name where type,
 * shape and values do not go together. */
MUST_CHECK int tensor_proto_finish(struct golden_tensor *tensor, struct fail *f);

#endif
