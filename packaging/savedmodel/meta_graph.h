/* meta_graph - what saved_model.pb says (saved_model.proto, meta_graph.proto): the MetaGraphDef
 * with the tag `serve`, which is the one that is loaded for inference.
 *
 * Read as a stream: the object graph is skipped, and of nodes and functions only what graph_ops
 * says is kept. What is kept is bounded by META_GRAPH_MEMORY.
 * The file carries no checksum of its own: fingerprint.pb has it.
 *
 * Owns everything it points to until meta_graph_release.
 */
#ifndef MODELHOOK_PACKAGING_SAVEDMODEL_META_GRAPH_H
#define MODELHOOK_PACKAGING_SAVEDMODEL_META_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"
#include "packaging/savedmodel/file_reader.h"
#include "packaging/savedmodel/findings.h"
#include "packaging/savedmodel/graph_ops.h"
#include "packaging/savedmodel/signature_def.h"

#define META_GRAPH_MEMORY ((size_t)12 << 20)

struct meta_graph {
	char *tensorflow_version; /* or NULL */
	struct signature_def *signatures;
	size_t signature_count;
	char **assets; /* file names below assets/, sorted; of asset_file_def and of the collection
			  saved_model_assets, where TensorFlow 1 put them */
	size_t asset_count;
	struct graph_ops ops; /* its nodes and functions */
	char **tags;	      /* sorted, each once */
	size_t tag_count;
	bool has_saver; /* it restores variables when loaded */
	bool has_checksum;
	uint64_t checksum; /* of the whole file, see graph_checksum.h */
};

/* meta_graph_read - read saved_model.pb of `size` bytes to its end. *found says whether it decoded
 * and has a graph to be served; findings name `file`. Fails only where the file cannot be read. */
MUST_CHECK int meta_graph_read(struct file_reader *reader, uint64_t size, const char *file,
	struct meta_graph *graph, bool *found, struct findings *findings, struct fail *f);

void meta_graph_release(struct meta_graph *graph);

#endif
