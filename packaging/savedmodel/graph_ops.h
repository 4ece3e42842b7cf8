/* graph_ops - the nodes and functions of a graph, as far as it must be known which of them an
 * answer needs and which of them TensorFlow cannot compute.
 *
 * A place is a node of the graph or a function of its library, known by a hash of its name. A link
 * leads from a place to what it needs: from a node to its inputs and to the functions that it
 * calls, from a function to those that it calls. The nodes of a function are no places: TensorFlow
 * looks at a function as a whole. A node that calls a function by its own op is told from a custom
 * op when the whole library was read.
 *
 * Read as a stream (GraphDef, FunctionDefLibrary, NodeDef). Everything that is kept is taken from
 * *memory; where half of that is used, links are no longer kept and every place counts as needed.
 *
 * Owns its lists until graph_ops_release.
 */
#ifndef MODELHOOK_PACKAGING_SAVEDMODEL_GRAPH_OPS_H
#define MODELHOOK_PACKAGING_SAVEDMODEL_GRAPH_OPS_H

#include "packaging/savedmodel/op_names.h"
#include "packaging/savedmodel/protobuf.h"

struct graph_place {
	uint64_t hash;
	size_t first_link;
	uint32_t link_count;
	bool is_function;
	bool is_fed;
	bool is_needed;
};

/* graph_suspect - an op that is not simply computed */
struct graph_suspect {
	uint64_t place; /* hash of the node or the function that has it */
	enum op_kind kind;
	char *op;   /* its name, as it stands in the file */
	char *name; /* of the node, or of the function that has it */
};

struct graph_ops {
	struct graph_place *places; /* sorted by hash, once finished */
	size_t place_count;
	uint64_t *links; /* hashes of places */
	size_t link_count;
	struct graph_suspect *suspects; /* in the order of the file */
	size_t suspect_count;
	bool links_lost;
	size_t *memory; /* while it is read: what is left to keep things in */
	size_t reserve; /* what links leave of it */
};

/* graph_ops_read - the value of the field graph_def, a GraphDef */
bool graph_ops_read(pb_istream_t *stream, const struct protobuf_field *field, struct graph_ops *ops,
	size_t *memory);

/* graph_ops_finish - sort, and drop the suspects that are calls of functions of the library */
void graph_ops_finish(struct graph_ops *ops);

/* graph_ops_node - hash of the node that a tensor ("NODE:NUMBER") is an output of */
uint64_t graph_ops_node(const char *tensor);

bool graph_ops_has_node(const struct graph_ops *ops, const char *tensor);

/* graph_ops_need - mark what is needed, beside what was marked before: all that can be reached from
 * the node of `tensor`. graph_ops_feed - the node's value is given from outside: it stays unmarked
 * and nothing is needed for it. graph_ops_need_all_nodes - as if each node were asked for. */
void graph_ops_feed(struct graph_ops *ops, const char *tensor);
void graph_ops_need(struct graph_ops *ops, const char *tensor);
void graph_ops_need_all_nodes(struct graph_ops *ops);

bool graph_ops_is_needed(const struct graph_ops *ops, const struct graph_suspect *suspect);

void graph_ops_release(struct graph_ops *ops);

#endif
