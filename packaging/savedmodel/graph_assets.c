#include "packaging/savedmodel/graph_assets.h"

#include <stdlib.h>

#include "base/text.h"
#include "packaging/savedmodel/names.h"

#define ASSETS_KEY "saved_model_assets"

/* The list that names are added to. */
struct asset_list {
	struct graph_memory *memory;
	char ***assets;
	size_t *count;
};

/* An entry of collection_def. */
struct collection {
	struct asset_list list;
	bool has_key; /* so far */
	bool is_assets;
};

static bool take_asset_name(pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	struct asset_list *list = context;
	if (field->number != 2)
		return protobuf_skip(stream, field);
	return graph_memory_name(stream, field, list->memory, &(*list->assets)[*list->count - 1]);
}

static bool take_asset(
	pb_istream_t *stream, const struct protobuf_field *field, struct asset_list *list)
{
	char **grown = graph_memory_grow(
		stream, list->memory, *list->assets, *list->count, sizeof(*grown));
	if (grown == NULL)
		return false;
	*list->assets = grown;
	grown[(*list->count)++] = NULL;
	return protobuf_message(stream, field, take_asset_name, list);
}

bool graph_assets_read(pb_istream_t *stream, const struct protobuf_field *field,
	struct graph_memory *memory, char ***assets, size_t *count)
{
	struct asset_list list = {.memory = memory, .assets = assets, .count = count};
	return take_asset(stream, field, &list);
}

/* One Any of a collection: an AssetFileDef where the collection is that of the assets. */
static bool take_any(pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	if (field->number != 2)
		return protobuf_skip(stream, field);
	return take_asset(stream, field, context);
}

static bool take_any_list(pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	if (field->number != 1)
		return protobuf_skip(stream, field);
	return protobuf_message(stream, field, take_any, context);
}

static bool take_collection_def(
	pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	if (field->number != 5)
		return protobuf_skip(stream, field);
	return protobuf_message(stream, field, take_any_list, context);
}

static bool take_collection_field(
	pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	struct collection *collection = context;
	struct text *key = &collection->list.memory->text;
	switch (field->number) {
	case 1:
		if (!protobuf_text(stream, field, GRAPH_NAME_MAX, key))
			return false;
		collection->has_key = true;
		collection->is_assets = text_equal(text_string(key), ASSETS_KEY);
		return true;
	case 2:
		if (collection->has_key && !collection->is_assets)
			return protobuf_skip(stream, field);
		return protobuf_message(stream, field, take_collection_def, &collection->list);
	default:
		return protobuf_skip(stream, field);
	}
}

/* A key may stand behind its value, which is taken for one of assets until then. */
bool graph_assets_read_collection(pb_istream_t *stream, const struct protobuf_field *field,
	struct graph_memory *memory, char ***assets, size_t *count)
{
	struct collection collection = {
		.list = {.memory = memory, .assets = assets, .count = count}};
	size_t before = *count;
	if (!protobuf_message(stream, field, take_collection_field, &collection))
		return false;
	while (!collection.is_assets && *count > before)
		free((*assets)[--*count]);
	return true;
}

/* TensorFlow 1 names each asset twice: as an asset_file_def and in a collection. */
void graph_assets_sort(char **assets, size_t *count)
{
	size_t kept = 0;
	for (size_t i = 0; i < *count; i++)
		if (assets[i] == NULL)
			assets[i] = text_copy("");
	names_sort(assets, *count);
	for (size_t i = 0; i < *count; i++)
		if (kept > 0 && text_equal(assets[kept - 1], assets[i]))
			free(assets[i]);
		else
			assets[kept++] = assets[i];
	*count = kept;
}
