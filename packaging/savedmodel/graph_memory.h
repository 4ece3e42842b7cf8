/* graph_memory - names of a graph and lists of them, read within a bound of memory.
 */
#ifndef MODELHOOK_PACKAGING_SAVEDMODEL_GRAPH_MEMORY_H
#define MODELHOOK_PACKAGING_SAVEDMODEL_GRAPH_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "packaging/savedmodel/protobuf.h"

#define GRAPH_NAME_MAX 65536 /* bytes of any name in a graph */

struct graph_memory {
	size_t left;	  /* bytes that may still be kept */
	struct text text; /* of the string read last; its owner releases it */
};

/* graph_memory_name - read a string into *out, whose old one is freed. False with an error of the
 * stream where it is no UTF-8, has a NUL in it or does not fit. */
bool graph_memory_name(pb_istream_t *stream, const struct protobuf_field *field,
	struct graph_memory *memory, char **out);

/* graph_memory_grow - room for one more of a list that grows by doubling; NULL where the memory is
 * used up */
void *graph_memory_grow(
	pb_istream_t *stream, struct graph_memory *memory, void *list, size_t count, size_t size);

#endif
