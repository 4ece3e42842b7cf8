/* graph_schema - where in a SavedModel there are maps: the messages of saved_model.proto and what
 * it includes that hold one, directly or in what they hold. Everything else is bytes.
 */
#ifndef MODELHOOK_PACKAGING_SAVEDMODEL_GRAPH_SCHEMA_H
#define MODELHOOK_PACKAGING_SAVEDMODEL_GRAPH_SCHEMA_H

#include <stdbool.h>
#include <stdint.h>

enum graph_message {
	GRAPH_BYTES, /* nothing to look into */
	GRAPH_SAVED_MODEL,
	GRAPH_ASSET_FILE_DEF,
	GRAPH_ATTR_VALUE,
	GRAPH_ATTR_VALUE_LIST_VALUE,
	GRAPH_DICT_VALUE,
	GRAPH_FUNCTION_DEF,
	GRAPH_FUNCTION_DEF_ARG_ATTRS,
	GRAPH_FUNCTION_DEF_LIBRARY,
	GRAPH_FUNCTION_SPEC,
	GRAPH_GRAPH_DEF,
	GRAPH_LIST_VALUE,
	GRAPH_META_GRAPH_DEF,
	GRAPH_META_INFO_DEF,
	GRAPH_NAME_ATTR_LIST,
	GRAPH_NAMED_TUPLE_VALUE,
	GRAPH_NODE_DEF,
	GRAPH_OP_DEF,
	GRAPH_OP_DEF_ATTR_DEF,
	GRAPH_OP_LIST,
	GRAPH_PAIR_VALUE,
	GRAPH_SAVED_BARE_CONCRETE_FUNCTION,
	GRAPH_SAVED_CONCRETE_FUNCTION,
	GRAPH_SAVED_FUNCTION,
	GRAPH_SAVED_OBJECT,
	GRAPH_SAVED_OBJECT_GRAPH,
	GRAPH_SIGNATURE_DEF,
	GRAPH_STRUCTURED_VALUE,
	GRAPH_TENSOR_INFO,
	GRAPH_TENSOR_INFO_COMPOSITE_TENSOR,
	GRAPH_TUPLE_VALUE,
	GRAPH_TYPE_SPEC_PROTO,
	GRAPH_MESSAGE_COUNT,
};

struct graph_field {
	enum graph_message message; /* what its value is; for a map, what a value in it is */
	bool is_map;
};

/* graph_schema_field - what field `number` of a message is */
struct graph_field graph_schema_field(enum graph_message message, uint64_t number);

#endif
