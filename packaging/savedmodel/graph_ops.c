#include "packaging/savedmodel/graph_ops.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "packaging/digest/fingerprint64.h"

#define NAME_MAX_SIZE 65536		    /* bytes of any name in a graph */
#define FUNCTION_SALT 0x9ae16a3b2f90404fULL /* a function and a node may have one name */
#define REPEATS_SEEN 16			    /* suspects of one function that are compared */

/* A NodeDef at hand. */
struct node {
	struct graph_ops *ops;
	bool in_function;
	struct text name, op;
	struct text text; /* of the string read last */
};

/* A GraphDef at hand: a node of its own, or a function and a node of that. */
struct graph {
	struct graph_ops *ops;
	struct node node;
	struct node inner;
	struct text function;
	size_t first_suspect; /* of the function */
};

static uint64_t hash_of_node(const char *name, size_t size)
{
	return fingerprint64(name, size);
}

static uint64_t hash_of_function(const struct text *name)
{
	return fingerprint64(text_string(name), name->size) ^ FUNCTION_SALT;
}

uint64_t graph_ops_node(const char *tensor)
{
	const char *colon = strrchr(tensor, ':');
	return hash_of_node(tensor, colon != NULL ? (size_t)(colon - tensor) : strlen(tensor));
}

static void release_suspect(struct graph_suspect *suspect)
{
	free(suspect->op);
	free(suspect->name);
}

void graph_ops_release(struct graph_ops *ops)
{
	for (size_t i = 0; i < ops->suspect_count; i++)
		release_suspect(&ops->suspects[i]);
	free(ops->suspects);
	free(ops->places);
	free(ops->links);
	*ops = (struct graph_ops){0};
}

static bool begin_place(pb_istream_t *stream, struct graph_ops *ops, bool is_function)
{
	struct graph_place *grown = protobuf_grow(
		stream, ops->memory, ops->places, ops->place_count, sizeof(*ops->places));
	if (grown == NULL)
		return false;
	ops->places = grown;
	grown[ops->place_count++] =
		(struct graph_place){.first_link = ops->link_count, .is_function = is_function};
	return true;
}

static void end_place(struct graph_ops *ops, uint64_t hash)
{
	struct graph_place *place = &ops->places[ops->place_count - 1];
	place->hash = hash;
	place->link_count = (uint32_t)(ops->link_count - place->first_link);
}

static bool add_link(pb_istream_t *stream, struct graph_ops *ops, uint64_t to)
{
	ops->links_lost |= *ops->memory < ops->reserve + sizeof(*ops->links);
	if (ops->links_lost)
		return true;
	uint64_t *grown = protobuf_grow(
		stream, ops->memory, ops->links, ops->link_count, sizeof(*ops->links));
	if (grown == NULL)
		return false;
	ops->links = grown;
	grown[ops->link_count++] = to;
	return true;
}

/* The op of a suspect comes first; where it is follows at the end of its node or function. */
static bool add_suspect(
	pb_istream_t *stream, struct graph_ops *ops, enum op_kind kind, const struct text *op)
{
	if (!protobuf_keep(stream, ops->memory, op->size + 16))
		return false;
	struct graph_suspect *grown = protobuf_grow(
		stream, ops->memory, ops->suspects, ops->suspect_count, sizeof(*ops->suspects));
	if (grown == NULL)
		return false;
	ops->suspects = grown;
	grown[ops->suspect_count++] =
		(struct graph_suspect){.kind = kind, .op = text_copy(text_string(op))};
	return true;
}

static bool is_repeated(const struct graph_ops *ops, size_t first, const struct text *op)
{
	for (size_t i = ops->suspect_count; i > first && ops->suspect_count - i < REPEATS_SEEN; i--)
		if (text_equal(ops->suspects[i - 1].op, text_string(op)))
			return true;
	return false;
}

static bool name_suspects(pb_istream_t *stream, struct graph_ops *ops, size_t first, uint64_t hash,
	const struct text *name)
{
	for (size_t i = first; i < ops->suspect_count; i++) {
		if (!protobuf_keep(stream, ops->memory, name->size + 16))
			return false;
		ops->suspects[i].place = hash;
		ops->suspects[i].name = text_copy(text_string(name));
	}
	return true;
}

static bool take_function_name(
	pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	struct node *node = context;
	if (field->number != 1)
		return protobuf_skip(stream, field);
	return protobuf_text(stream, field, NAME_MAX_SIZE, &node->text) &&
	       add_link(stream, node->ops, hash_of_function(&node->text));
}

static bool take_attr_list(pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	if (field->number == 9) /* func */
		return protobuf_message(stream, field, take_function_name, context);
	return protobuf_skip(stream, field);
}

static bool take_attr_value(pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	switch (field->number) {
	case 1: /* list */
		return protobuf_message(stream, field, take_attr_list, context);
	case 10: /* func */
		return protobuf_message(stream, field, take_function_name, context);
	default:
		return protobuf_skip(stream, field);
	}
}

static bool take_attr(pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	if (field->number == 2)
		return protobuf_message(stream, field, take_attr_value, context);
	return protobuf_skip(stream, field);
}

/* "NODE", "NODE:NUMBER", or "^NODE" where only the order counts. */
static bool take_input(pb_istream_t *stream, const struct protobuf_field *field, struct node *node)
{
	if (!protobuf_text(stream, field, NAME_MAX_SIZE, &node->text))
		return false;
	const char *tensor = text_string(&node->text);
	return add_link(stream, node->ops, graph_ops_node(tensor + (tensor[0] == '^')));
}

static bool take_node_field(pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	struct node *node = context;
	switch (field->number) {
	case 1:
		return protobuf_text(stream, field, NAME_MAX_SIZE, &node->name);
	case 2:
		return protobuf_text(stream, field, NAME_MAX_SIZE, &node->op);
	case 3:
		return node->in_function ? protobuf_skip(stream, field)
					 : take_input(stream, field, node);
	case 5:
		return protobuf_message(stream, field, take_attr, node);
	default:
		return protobuf_skip(stream, field);
	}
}

static enum op_kind kind_of(const struct text *op)
{
	if (op->size == 0)
		return OP_KNOWN; /* no op at all: what TensorFlow says of it is not told here */
	if (memchr(text_string(op), 0, op->size) != NULL)
		return OP_UNKNOWN;
	return op_kind(text_string(op));
}

/* An op that is not known may be the name of a function. */
static bool take_op(pb_istream_t *stream, struct node *node, size_t first)
{
	enum op_kind kind = kind_of(&node->op);
	if (kind == OP_KNOWN || (kind == OP_PLACEHOLDER && node->in_function) ||
		is_repeated(node->ops, first, &node->op))
		return true;
	return add_link(stream, node->ops, hash_of_function(&node->op)) &&
	       add_suspect(stream, node->ops, kind, &node->op);
}

static bool take_node(pb_istream_t *stream, const struct protobuf_field *field, struct node *node)
{
	struct graph_ops *ops = node->ops;
	size_t first = ops->suspect_count;
	text_clear(&node->name);
	text_clear(&node->op);
	if (!begin_place(stream, ops, false) ||
		!protobuf_message(stream, field, take_node_field, node))
		return false;
	uint64_t hash = hash_of_node(text_string(&node->name), node->name.size);
	if (!take_op(stream, node, first) || !name_suspects(stream, ops, first, hash, &node->name))
		return false;
	end_place(ops, hash);
	return true;
}

static bool take_signature(pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	struct graph *graph = context;
	if (field->number == 1)
		return protobuf_text(stream, field, NAME_MAX_SIZE, &graph->function);
	return protobuf_skip(stream, field);
}

static bool take_function_field(
	pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	struct graph *graph = context;
	switch (field->number) {
	case 1:
		return protobuf_message(stream, field, take_signature, graph);
	case 3:
		text_clear(&graph->inner.op);
		return protobuf_message(stream, field, take_node_field, &graph->inner) &&
		       take_op(stream, &graph->inner, graph->first_suspect);
	default:
		return protobuf_skip(stream, field);
	}
}

static bool take_function(
	pb_istream_t *stream, const struct protobuf_field *field, struct graph *graph)
{
	struct graph_ops *ops = graph->ops;
	graph->first_suspect = ops->suspect_count;
	text_clear(&graph->function);
	if (!begin_place(stream, ops, true) ||
		!protobuf_message(stream, field, take_function_field, graph))
		return false;
	uint64_t hash = hash_of_function(&graph->function);
	end_place(ops, hash);
	return name_suspects(stream, ops, graph->first_suspect, hash, &graph->function);
}

static bool take_library(pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	if (field->number == 1)
		return take_function(stream, field, context);
	return protobuf_skip(stream, field);
}

static bool take_graph(pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	struct graph *graph = context;
	switch (field->number) {
	case 1:
		return take_node(stream, field, &graph->node);
	case 2:
		return protobuf_message(stream, field, take_library, graph);
	default:
		return protobuf_skip(stream, field);
	}
}

static void release_node(struct node *node)
{
	text_release(&node->name);
	text_release(&node->op);
	text_release(&node->text);
}

bool graph_ops_read(pb_istream_t *stream, const struct protobuf_field *field, struct graph_ops *ops,
	size_t *memory)
{
	struct graph graph = {
		.ops = ops, .node = {.ops = ops}, .inner = {.ops = ops, .in_function = true}};
	ops->memory = memory;
	ops->reserve = *memory / 2;
	bool whole = protobuf_message(stream, field, take_graph, &graph);
	ops->memory = NULL;
	release_node(&graph.node);
	release_node(&graph.inner);
	text_release(&graph.function);
	return whole;
}

static int compare_places(const void *a, const void *b)
{
	uint64_t x = ((const struct graph_place *)a)->hash;
	uint64_t y = ((const struct graph_place *)b)->hash;
	return (x > y) - (x < y);
}

static struct graph_place *find(const struct graph_ops *ops, uint64_t hash)
{
	struct graph_place key = {.hash = hash};
	if (ops->place_count == 0)
		return NULL;
	return bsearch(&key, ops->places, ops->place_count, sizeof(key), compare_places);
}

static bool is_call(const struct graph_ops *ops, const struct graph_suspect *suspect)
{
	struct text name = {.data = suspect->op, .size = strlen(suspect->op)};
	return suspect->kind == OP_UNKNOWN && find(ops, hash_of_function(&name)) != NULL;
}

void graph_ops_finish(struct graph_ops *ops)
{
	size_t kept = 0;
	if (ops->place_count > 1)
		qsort(ops->places, ops->place_count, sizeof(*ops->places), compare_places);
	for (size_t i = 0; i < ops->suspect_count; i++) {
		if (is_call(ops, &ops->suspects[i]))
			release_suspect(&ops->suspects[i]);
		else
			ops->suspects[kept++] = ops->suspects[i];
	}
	ops->suspect_count = kept;
}

bool graph_ops_has_node(const struct graph_ops *ops, const char *tensor)
{
	return find(ops, graph_ops_node(tensor)) != NULL;
}

void graph_ops_feed(struct graph_ops *ops, const char *tensor)
{
	struct graph_place *place = find(ops, graph_ops_node(tensor));
	if (place != NULL)
		place->is_fed = true;
}

/* Each place is put on the stack once at most. */
static void mark(struct graph_place *place, struct graph_place **stack, size_t *depth)
{
	if (place == NULL || place->is_needed || place->is_fed)
		return;
	place->is_needed = true;
	stack[(*depth)++] = place;
}

static void follow(struct graph_ops *ops, struct graph_place **stack, size_t depth)
{
	while (depth > 0) {
		const struct graph_place *place = stack[--depth];
		for (size_t i = 0; i < place->link_count; i++)
			mark(find(ops, ops->links[place->first_link + i]), stack, &depth);
	}
}

void graph_ops_need(struct graph_ops *ops, const char *tensor)
{
	struct graph_place **stack = memory_get(ops->place_count + 1, sizeof(struct graph_place *));
	size_t depth = 0;
	mark(find(ops, graph_ops_node(tensor)), stack, &depth);
	follow(ops, stack, depth);
	free(stack);
}

void graph_ops_need_all_nodes(struct graph_ops *ops)
{
	struct graph_place **stack = memory_get(ops->place_count + 1, sizeof(struct graph_place *));
	size_t depth = 0;
	for (size_t i = 0; i < ops->place_count; i++) {
		ops->places[i].is_fed = false;
		if (!ops->places[i].is_function)
			mark(&ops->places[i], stack, &depth);
	}
	follow(ops, stack, depth);
	free(stack);
}

bool graph_ops_is_needed(const struct graph_ops *ops, const struct graph_suspect *suspect)
{
	const struct graph_place *place = find(ops, suspect->place);
	return ops->links_lost || place == NULL || place->is_needed;
}
