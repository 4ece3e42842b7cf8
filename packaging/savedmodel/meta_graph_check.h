/* meta_graph_check - whether a graph that decoded can be served.
 */
#ifndef MODELHOOK_PACKAGING_SAVEDMODEL_META_GRAPH_CHECK_H
#define MODELHOOK_PACKAGING_SAVEDMODEL_META_GRAPH_CHECK_H

#include "packaging/savedmodel/findings.h"
#include "packaging/savedmodel/meta_graph.h"

/* meta_graph_check - whether the graph can be served: signature, names, nodes, ops; marks in
 * graph->ops what the signature needs */
void meta_graph_check(struct meta_graph *graph, const char *file, struct findings *findings);

#endif
