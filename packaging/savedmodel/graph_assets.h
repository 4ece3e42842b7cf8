/* graph_assets - the names of the files below assets/ that a graph needs: its asset_file_def, and
 * the collection saved_model_assets, where TensorFlow 1 put them.
 */
#ifndef MODELHOOK_PACKAGING_SAVEDMODEL_GRAPH_ASSETS_H
#define MODELHOOK_PACKAGING_SAVEDMODEL_GRAPH_ASSETS_H

#include "packaging/savedmodel/graph_memory.h"

/* graph_assets_read - add the name of an AssetFileDef to the list, NULL where it has none. False
 * with an error of the stream; the list is the caller's in either case. */
bool graph_assets_read(pb_istream_t *stream, const struct protobuf_field *field,
	struct graph_memory *memory, char ***assets, size_t *count);

/* graph_assets_read_collection - the same of one map entry of collection_def, where that is the
 * collection of assets */
bool graph_assets_read_collection(pb_istream_t *stream, const struct protobuf_field *field,
	struct graph_memory *memory, char ***assets, size_t *count);

/* graph_assets_sort - by bytes, each name once; NULL becomes "" */
void graph_assets_sort(char **assets, size_t *count);

#endif
