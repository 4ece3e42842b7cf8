/* meta_graph_ops - whether the ops of a graph can be computed.
 */
#ifndef MODELHOOK_PACKAGING_SAVEDMODEL_META_GRAPH_OPS_H
#define MODELHOOK_PACKAGING_SAVEDMODEL_META_GRAPH_OPS_H

#include "packaging/savedmodel/findings.h"
#include "packaging/savedmodel/meta_graph.h"
#include "packaging/savedmodel/signature_def.h"

/* meta_graph_check_ops - whether the ops that `signature` (or NULL) needs can be computed.
 * TensorFlow imports every node of the graph and what the nodes call, so that one custom op there
 * is enough to refuse the graph. A function that no node calls is imported by the object-based
 * loader alone, and a Python function does harm only where the answer needs it. */
void meta_graph_check_ops(struct meta_graph *graph, const struct signature_def *signature,
	const char *file, struct findings *findings);

#endif
