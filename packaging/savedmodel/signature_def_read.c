#include "packaging/savedmodel/signature_def_read.h"

#include <stdlib.h>

#include "base/text.h"
#include "packaging/savedmodel/dtype.h"

#define RANK_MAX 254 /* TensorFlow's own limit */

/* The value of a map entry, and where its key is kept. */
struct named_tensor {
	struct graph_memory *memory;
	struct tensor_spec *spec;
};

struct named_signature {
	struct graph_memory *memory;
	struct signature_def *signature;
};

static bool take_size(pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	uint64_t value;
	if (field->number != 1)
		return protobuf_skip(stream, field);
	if (!protobuf_number(stream, field, &value))
		return false;
	*(int64_t *)context = (int64_t)value < 0 ? -1 : (int64_t)value;
	return true;
}

static bool take_dim(pb_istream_t *stream, const struct protobuf_field *field,
	struct graph_memory *memory, struct tensor_spec *spec)
{
	if (spec->rank == RANK_MAX)
		PB_RETURN_ERROR(stream, "a shape of more than 254 dimensions");
	int64_t *dims = graph_memory_grow(stream, memory, spec->dims, spec->rank, sizeof(*dims));
	if (dims == NULL)
		return false;
	spec->dims = dims;
	dims[spec->rank] = 0;
	return protobuf_message(stream, field, take_size, &dims[spec->rank++]);
}

static bool take_shape(pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	struct named_tensor *tensor = context;
	uint64_t unknown;
	switch (field->number) {
	case 2:
		return take_dim(stream, field, tensor->memory, tensor->spec);
	case 3:
		if (!protobuf_number(stream, field, &unknown))
			return false;
		tensor->spec->unknown_rank = unknown != 0;
		return true;
	default:
		return protobuf_skip(stream, field);
	}
}

static bool take_dtype(
	pb_istream_t *stream, const struct protobuf_field *field, struct tensor_spec *spec)
{
	uint64_t dtype;
	if (!protobuf_number(stream, field, &dtype))
		return false;
	spec->dtype = dtype <= INT32_MAX ? dtype_value((int)dtype) : 0;
	return true;
}

static bool take_part_name(
	pb_istream_t *stream, const struct protobuf_field *field, struct named_tensor *tensor)
{
	struct tensor_spec *spec = tensor->spec;
	char **grown = graph_memory_grow(
		stream, tensor->memory, spec->parts, spec->part_count, sizeof(*spec->parts));
	if (grown == NULL)
		return false;
	spec->parts = grown;
	grown[spec->part_count++] = NULL;
	return graph_memory_name(stream, field, tensor->memory, &grown[spec->part_count - 1]);
}

/* CooSparse: the names of values, indices and dense shape. */
static bool take_sparse_part(
	pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	if (field->number < 1 || field->number > 3)
		return protobuf_skip(stream, field);
	return take_part_name(stream, field, context);
}

/* TensorInfo of a part of a composite tensor; the first part has the values. */
static bool take_part(pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	struct named_tensor *tensor = context;
	switch (field->number) {
	case 1:
		return take_part_name(stream, field, tensor);
	case 2:
		if (tensor->spec->dtype != 0)
			return protobuf_skip(stream, field);
		return take_dtype(stream, field, tensor->spec);
	default:
		return protobuf_skip(stream, field);
	}
}

/* TypeSpecProto */
static bool take_type_class(pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	struct named_tensor *tensor = context;
	uint64_t class;
	if (field->number != 1)
		return protobuf_skip(stream, field);
	if (!protobuf_number(stream, field, &class))
		return false;
	if (class == 1)
		tensor->spec->kind = TENSOR_SPARSE;
	else if (class == 3)
		tensor->spec->kind = TENSOR_RAGGED;
	return true;
}

static bool take_composite(pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	switch (field->number) {
	case 1:
		return protobuf_message(stream, field, take_type_class, context);
	case 2:
		return protobuf_message(stream, field, take_part, context);
	default:
		return protobuf_skip(stream, field);
	}
}

/* Several tensors of the graph, in place of a name. */
static bool take_several(pb_istream_t *stream, const struct protobuf_field *field,
	struct named_tensor *tensor, enum tensor_kind kind)
{
	struct tensor_spec *spec = tensor->spec;
	spec->kind = kind;
	free(spec->name);
	spec->name = text_copy("");
	if (kind == TENSOR_SPARSE)
		return protobuf_message(stream, field, take_sparse_part, tensor);
	spec->unknown_rank = true;
	return protobuf_message(stream, field, take_composite, tensor);
}

static bool take_tensor_info(
	pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	struct named_tensor *tensor = context;
	switch (field->number) {
	case 1:
		return graph_memory_name(stream, field, tensor->memory, &tensor->spec->name);
	case 2:
		return take_dtype(stream, field, tensor->spec);
	case 3:
		return protobuf_message(stream, field, take_shape, tensor);
	case 4:
		return take_several(stream, field, tensor, TENSOR_SPARSE);
	case 5:
		return take_several(stream, field, tensor, TENSOR_COMPOSITE);
	default:
		return protobuf_skip(stream, field);
	}
}

static bool take_tensor_entry(
	pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	struct named_tensor *tensor = context;
	switch (field->number) {
	case 1:
		return graph_memory_name(stream, field, tensor->memory, &tensor->spec->key);
	case 2:
		return protobuf_message(stream, field, take_tensor_info, tensor);
	default:
		return protobuf_skip(stream, field);
	}
}

static bool take_tensor(pb_istream_t *stream, const struct protobuf_field *field,
	struct graph_memory *memory, struct tensor_spec **list, size_t *count)
{
	struct tensor_spec *grown =
		graph_memory_grow(stream, memory, *list, *count, sizeof(**list));
	if (grown == NULL)
		return false;
	*list = grown;
	grown[*count] = (struct tensor_spec){0};
	struct named_tensor tensor = {.memory = memory, .spec = &grown[(*count)++]};
	return protobuf_message(stream, field, take_tensor_entry, &tensor);
}

static bool take_signature(pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	struct named_signature *named = context;
	struct signature_def *signature = named->signature;
	switch (field->number) {
	case 1:
		return take_tensor(
			stream, field, named->memory, &signature->inputs, &signature->input_count);
	case 2:
		return take_tensor(stream, field, named->memory, &signature->outputs,
			&signature->output_count);
	case 3:
		return graph_memory_name(stream, field, named->memory, &signature->method);
	default:
		return protobuf_skip(stream, field);
	}
}

static bool take_signature_entry(
	pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	struct named_signature *named = context;
	switch (field->number) {
	case 1:
		return graph_memory_name(stream, field, named->memory, &named->signature->key);
	case 2:
		return protobuf_message(stream, field, take_signature, named);
	default:
		return protobuf_skip(stream, field);
	}
}

bool signature_def_read(pb_istream_t *stream, const struct protobuf_field *field,
	struct graph_memory *memory, struct signature_def **signatures, size_t *count)
{
	struct signature_def *grown =
		graph_memory_grow(stream, memory, *signatures, *count, sizeof(*grown));
	if (grown == NULL)
		return false;
	*signatures = grown;
	grown[*count] = (struct signature_def){0};
	struct named_signature named = {.memory = memory, .signature = &grown[(*count)++]};
	return protobuf_message(stream, field, take_signature_entry, &named);
}
