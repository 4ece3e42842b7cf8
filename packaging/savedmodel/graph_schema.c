#include "packaging/savedmodel/graph_schema.h"

#include <stddef.h>

static const struct {
	enum graph_message message;
	uint64_t number;
	struct graph_field field;
} rows[] = {
	{GRAPH_ASSET_FILE_DEF, 1, {GRAPH_TENSOR_INFO, false}},		 /* tensor_info */
	{GRAPH_ATTR_VALUE, 1, {GRAPH_ATTR_VALUE_LIST_VALUE, false}},	 /* list */
	{GRAPH_ATTR_VALUE, 10, {GRAPH_NAME_ATTR_LIST, false}},		 /* func */
	{GRAPH_ATTR_VALUE_LIST_VALUE, 9, {GRAPH_NAME_ATTR_LIST, false}}, /* func */
	{GRAPH_DICT_VALUE, 1, {GRAPH_STRUCTURED_VALUE, true}},		 /* fields */
	{GRAPH_FUNCTION_DEF, 1, {GRAPH_OP_DEF, false}},			 /* signature */
	{GRAPH_FUNCTION_DEF, 5, {GRAPH_ATTR_VALUE, true}},		 /* attr */
	{GRAPH_FUNCTION_DEF, 7, {GRAPH_FUNCTION_DEF_ARG_ATTRS, true}},	 /* arg_attr */
	{GRAPH_FUNCTION_DEF, 8, {GRAPH_BYTES, true}},		      /* resource_arg_unique_id */
	{GRAPH_FUNCTION_DEF, 3, {GRAPH_NODE_DEF, false}},	      /* node_def */
	{GRAPH_FUNCTION_DEF, 4, {GRAPH_BYTES, true}},		      /* ret */
	{GRAPH_FUNCTION_DEF, 6, {GRAPH_BYTES, true}},		      /* control_ret */
	{GRAPH_FUNCTION_DEF_ARG_ATTRS, 1, {GRAPH_ATTR_VALUE, true}},  /* attr */
	{GRAPH_FUNCTION_DEF_LIBRARY, 1, {GRAPH_FUNCTION_DEF, false}}, /* function */
	{GRAPH_FUNCTION_SPEC, 1, {GRAPH_STRUCTURED_VALUE, false}},    /* fullargspec */
	{GRAPH_FUNCTION_SPEC, 5, {GRAPH_STRUCTURED_VALUE, false}},    /* input_signature */
	{GRAPH_GRAPH_DEF, 1, {GRAPH_NODE_DEF, false}},		      /* node */
	{GRAPH_GRAPH_DEF, 2, {GRAPH_FUNCTION_DEF_LIBRARY, false}},    /* library */
	{GRAPH_LIST_VALUE, 1, {GRAPH_STRUCTURED_VALUE, false}},	      /* values */
	{GRAPH_META_GRAPH_DEF, 1, {GRAPH_META_INFO_DEF, false}},      /* meta_info_def */
	{GRAPH_META_GRAPH_DEF, 2, {GRAPH_GRAPH_DEF, false}},	      /* graph_def */
	{GRAPH_META_GRAPH_DEF, 4, {GRAPH_BYTES, true}},		      /* collection_def */
	{GRAPH_META_GRAPH_DEF, 5, {GRAPH_SIGNATURE_DEF, true}},	      /* signature_def */
	{GRAPH_META_GRAPH_DEF, 6, {GRAPH_ASSET_FILE_DEF, false}},     /* asset_file_def */
	{GRAPH_META_GRAPH_DEF, 7, {GRAPH_SAVED_OBJECT_GRAPH, false}}, /* object_graph_def */
	{GRAPH_META_INFO_DEF, 2, {GRAPH_OP_LIST, false}},	      /* stripped_op_list */
	{GRAPH_META_INFO_DEF, 8, {GRAPH_BYTES, true}},		      /* function_aliases */
	{GRAPH_NAME_ATTR_LIST, 2, {GRAPH_ATTR_VALUE, true}},	      /* attr */
	{GRAPH_NAMED_TUPLE_VALUE, 2, {GRAPH_PAIR_VALUE, false}},      /* values */
	{GRAPH_NODE_DEF, 5, {GRAPH_ATTR_VALUE, true}},		      /* attr */
	{GRAPH_OP_DEF, 4, {GRAPH_OP_DEF_ATTR_DEF, false}},	      /* attr */
	{GRAPH_OP_DEF_ATTR_DEF, 3, {GRAPH_ATTR_VALUE, false}},	      /* default_value */
	{GRAPH_OP_DEF_ATTR_DEF, 7, {GRAPH_ATTR_VALUE, false}},	      /* allowed_values */
	{GRAPH_OP_LIST, 1, {GRAPH_OP_DEF, false}},		      /* op */
	{GRAPH_PAIR_VALUE, 2, {GRAPH_STRUCTURED_VALUE, false}},	      /* value */
	{GRAPH_SAVED_BARE_CONCRETE_FUNCTION, 4, {GRAPH_FUNCTION_SPEC, false}}, /* function_spec */
	{GRAPH_SAVED_CONCRETE_FUNCTION, 3,
		{GRAPH_STRUCTURED_VALUE, false}}, /* canonicalized_input_signature */
	{GRAPH_SAVED_CONCRETE_FUNCTION, 4, {GRAPH_STRUCTURED_VALUE, false}}, /* output_signature */
	{GRAPH_SAVED_FUNCTION, 2, {GRAPH_FUNCTION_SPEC, false}},	     /* function_spec */
	{GRAPH_SAVED_MODEL, 2, {GRAPH_META_GRAPH_DEF, false}},		     /* meta_graphs */
	{GRAPH_SAVED_OBJECT, 6, {GRAPH_SAVED_FUNCTION, false}},		     /* function */
	{GRAPH_SAVED_OBJECT, 8,
		{GRAPH_SAVED_BARE_CONCRETE_FUNCTION, false}},	    /* bare_concrete_function */
	{GRAPH_SAVED_OBJECT, 11, {GRAPH_BYTES, true}},		    /* saveable_objects */
	{GRAPH_SAVED_OBJECT_GRAPH, 1, {GRAPH_SAVED_OBJECT, false}}, /* nodes */
	{GRAPH_SAVED_OBJECT_GRAPH, 2,
		{GRAPH_SAVED_CONCRETE_FUNCTION, true}},			/* concrete_functions */
	{GRAPH_SIGNATURE_DEF, 1, {GRAPH_TENSOR_INFO, true}},		/* inputs */
	{GRAPH_SIGNATURE_DEF, 2, {GRAPH_TENSOR_INFO, true}},		/* outputs */
	{GRAPH_SIGNATURE_DEF, 4, {GRAPH_BYTES, true}},			/* defaults */
	{GRAPH_STRUCTURED_VALUE, 34, {GRAPH_TYPE_SPEC_PROTO, false}},	/* type_spec_value */
	{GRAPH_STRUCTURED_VALUE, 51, {GRAPH_LIST_VALUE, false}},	/* list_value */
	{GRAPH_STRUCTURED_VALUE, 52, {GRAPH_TUPLE_VALUE, false}},	/* tuple_value */
	{GRAPH_STRUCTURED_VALUE, 53, {GRAPH_DICT_VALUE, false}},	/* dict_value */
	{GRAPH_STRUCTURED_VALUE, 54, {GRAPH_NAMED_TUPLE_VALUE, false}}, /* named_tuple_value */
	{GRAPH_TENSOR_INFO, 5, {GRAPH_TENSOR_INFO_COMPOSITE_TENSOR, false}}, /* composite_tensor */
	{GRAPH_TENSOR_INFO_COMPOSITE_TENSOR, 1, {GRAPH_TYPE_SPEC_PROTO, false}}, /* type_spec */
	{GRAPH_TENSOR_INFO_COMPOSITE_TENSOR, 2, {GRAPH_TENSOR_INFO, false}},	 /* components */
	{GRAPH_TUPLE_VALUE, 1, {GRAPH_STRUCTURED_VALUE, false}},		 /* values */
	{GRAPH_TYPE_SPEC_PROTO, 2, {GRAPH_STRUCTURED_VALUE, false}},		 /* type_state */
};

struct graph_field graph_schema_field(enum graph_message message, uint64_t number)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].message == message && rows[i].number == number)
			return rows[i].field;
	return (struct graph_field){GRAPH_BYTES, false};
}
