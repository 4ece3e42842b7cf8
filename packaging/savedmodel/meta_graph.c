#include "packaging/savedmodel/meta_graph.h"

#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/utf8.h"
#include "packaging/savedmodel/dtype.h"
#include "packaging/savedmodel/graph_checksum.h"
#include "packaging/savedmodel/protobuf.h"

#define NAME_MAX_SIZE 65536 /* bytes of any name in a graph */
#define RANK_MAX 254	    /* TensorFlow's own limit */
#define ASSETS_KEY "saved_model_assets"
#define TAGS_MAX 64

/* A reading of the file: the graph at hand, the best so far, and the memory left to keep things. */
struct reading {
	struct meta_graph at_hand;
	struct meta_graph best;
	size_t memory;
	size_t graphs;
	struct text text; /* of the string read last */
};

/* The value of a map entry, and where its key is kept. */
struct named_tensor {
	struct reading *reading;
	struct tensor_spec *spec;
};

struct named_signature {
	struct reading *reading;
	struct signature_def *signature;
};

/* An entry of collection_def. */
struct collection {
	struct reading *reading;
	bool has_key; /* so far */
	bool is_assets;
};

void meta_graph_release_names(char **names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

static void release_spec(struct tensor_spec *spec)
{
	free(spec->key);
	free(spec->name);
	meta_graph_release_names(spec->parts, spec->part_count);
	free(spec->dims);
}

static void release_signature(struct signature_def *signature)
{
	free(signature->key);
	free(signature->method);
	for (size_t i = 0; i < signature->input_count; i++)
		release_spec(&signature->inputs[i]);
	for (size_t i = 0; i < signature->output_count; i++)
		release_spec(&signature->outputs[i]);
	free(signature->inputs);
	free(signature->outputs);
}

void meta_graph_release_signatures(struct signature_def *signatures, size_t count)
{
	for (size_t i = 0; i < count; i++)
		release_signature(&signatures[i]);
	free(signatures);
}

void meta_graph_release(struct meta_graph *graph)
{
	meta_graph_release_signatures(graph->signatures, graph->signature_count);
	meta_graph_release_names(graph->assets, graph->asset_count);
	meta_graph_release_names(graph->tags, graph->tag_count);
	graph_ops_release(&graph->ops);
	free(graph->tensorflow_version);
	*graph = (struct meta_graph){0};
}

/* Room for one more of a list that grows by doubling; NULL where the memory is used up. */
static void *grow(
	pb_istream_t *stream, struct reading *reading, void *list, size_t count, size_t size)
{
	return protobuf_grow(stream, &reading->memory, list, count, size);
}

static bool take_text(pb_istream_t *stream, const struct protobuf_field *field,
	struct reading *reading, char **out)
{
	struct text *text = &reading->text;
	if (!protobuf_text(stream, field, NAME_MAX_SIZE, text) ||
		!protobuf_keep(stream, &reading->memory, text->size + 16))
		return false;
	if (!utf8_is_valid(text_string(text), text->size) ||
		memchr(text_string(text), 0, text->size) != NULL)
		PB_RETURN_ERROR(stream, "a name that is not UTF-8");
	free(*out);
	*out = text_copy(text_string(text));
	return true;
}

static bool take_size(pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	uint64_t value;
	if (field->number != 1)
		return protobuf_skip(stream, field);
	if (!protobuf_number(stream, field, &value))
		return false;
	*(int64_t *)context = (int64_t)value < 0 ? -1 : (int64_t)value;
	return true;
}

static bool take_dim(pb_istream_t *stream, const struct protobuf_field *field,
	struct reading *reading, struct tensor_spec *spec)
{
	if (spec->rank == RANK_MAX)
		PB_RETURN_ERROR(stream, "a shape of more than 254 dimensions");
	int64_t *dims = grow(stream, reading, spec->dims, spec->rank, sizeof(*dims));
	if (dims == NULL)
		return false;
	spec->dims = dims;
	dims[spec->rank] = 0;
	return protobuf_message(stream, field, take_size, &dims[spec->rank++]);
}

static bool take_shape(pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	struct named_tensor *tensor = context;
	uint64_t unknown;
	switch (field->number) {
	case 2:
		return take_dim(stream, field, tensor->reading, tensor->spec);
	case 3:
		if (!protobuf_number(stream, field, &unknown))
			return false;
		tensor->spec->unknown_rank = unknown != 0;
		return true;
	default:
		return protobuf_skip(stream, field);
	}
}

static bool take_dtype(
	pb_istream_t *stream, const struct protobuf_field *field, struct tensor_spec *spec)
{
	uint64_t dtype;
	if (!protobuf_number(stream, field, &dtype))
		return false;
	spec->dtype = dtype <= INT32_MAX ? dtype_value((int)dtype) : 0;
	return true;
}

static bool take_part_name(
	pb_istream_t *stream, const struct protobuf_field *field, struct named_tensor *tensor)
{
	struct tensor_spec *spec = tensor->spec;
	char **grown =
		grow(stream, tensor->reading, spec->parts, spec->part_count, sizeof(*spec->parts));
	if (grown == NULL)
		return false;
	spec->parts = grown;
	grown[spec->part_count++] = NULL;
	return take_text(stream, field, tensor->reading, &grown[spec->part_count - 1]);
}

/* CooSparse: the names of values, indices and dense shape. */
static bool take_sparse_part(
	pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	if (field->number < 1 || field->number > 3)
		return protobuf_skip(stream, field);
	return take_part_name(stream, field, context);
}

/* TensorInfo of a part of a composite tensor; the first part has the values. */
static bool take_part(pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	struct named_tensor *tensor = context;
	switch (field->number) {
	case 1:
		return take_part_name(stream, field, tensor);
	case 2:
		if (tensor->spec->dtype != 0)
			return protobuf_skip(stream, field);
		return take_dtype(stream, field, tensor->spec);
	default:
		return protobuf_skip(stream, field);
	}
}

/* TypeSpecProto */
static bool take_type_class(pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	struct named_tensor *tensor = context;
	uint64_t class;
	if (field->number != 1)
		return protobuf_skip(stream, field);
	if (!protobuf_number(stream, field, &class))
		return false;
	if (class == 1)
		tensor->spec->kind = TENSOR_SPARSE;
	else if (class == 3)
		tensor->spec->kind = TENSOR_RAGGED;
	return true;
}

static bool take_composite(pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	switch (field->number) {
	case 1:
		return protobuf_message(stream, field, take_type_class, context);
	case 2:
		return protobuf_message(stream, field, take_part, context);
	default:
		return protobuf_skip(stream, field);
	}
}

/* Several tensors of the graph, in place of a name. */
static bool take_several(pb_istream_t *stream, const struct protobuf_field *field,
	struct named_tensor *tensor, enum tensor_kind kind)
{
	struct tensor_spec *spec = tensor->spec;
	spec->kind = kind;
	free(spec->name);
	spec->name = text_copy("");
	if (kind == TENSOR_SPARSE)
		return protobuf_message(stream, field, take_sparse_part, tensor);
	spec->unknown_rank = true;
	return protobuf_message(stream, field, take_composite, tensor);
}

static bool take_tensor_info(
	pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	struct named_tensor *tensor = context;
	switch (field->number) {
	case 1:
		return take_text(stream, field, tensor->reading, &tensor->spec->name);
	case 2:
		return take_dtype(stream, field, tensor->spec);
	case 3:
		return protobuf_message(stream, field, take_shape, tensor);
	case 4:
		return take_several(stream, field, tensor, TENSOR_SPARSE);
	case 5:
		return take_several(stream, field, tensor, TENSOR_COMPOSITE);
	default:
		return protobuf_skip(stream, field);
	}
}

static bool take_tensor_entry(
	pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	struct named_tensor *tensor = context;
	switch (field->number) {
	case 1:
		return take_text(stream, field, tensor->reading, &tensor->spec->key);
	case 2:
		return protobuf_message(stream, field, take_tensor_info, tensor);
	default:
		return protobuf_skip(stream, field);
	}
}

static bool take_tensor(pb_istream_t *stream, const struct protobuf_field *field,
	struct reading *reading, struct tensor_spec **list, size_t *count)
{
	struct tensor_spec *grown = grow(stream, reading, *list, *count, sizeof(**list));
	if (grown == NULL)
		return false;
	*list = grown;
	grown[*count] = (struct tensor_spec){0};
	struct named_tensor tensor = {.reading = reading, .spec = &grown[(*count)++]};
	return protobuf_message(stream, field, take_tensor_entry, &tensor);
}

static bool take_signature(pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	struct named_signature *named = context;
	struct signature_def *signature = named->signature;
	switch (field->number) {
	case 1:
		return take_tensor(
			stream, field, named->reading, &signature->inputs, &signature->input_count);
	case 2:
		return take_tensor(stream, field, named->reading, &signature->outputs,
			&signature->output_count);
	case 3:
		return take_text(stream, field, named->reading, &signature->method);
	default:
		return protobuf_skip(stream, field);
	}
}

static bool take_signature_entry(
	pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	struct named_signature *named = context;
	switch (field->number) {
	case 1:
		return take_text(stream, field, named->reading, &named->signature->key);
	case 2:
		return protobuf_message(stream, field, take_signature, named);
	default:
		return protobuf_skip(stream, field);
	}
}

static bool take_signature_def(
	pb_istream_t *stream, const struct protobuf_field *field, struct reading *reading)
{
	struct meta_graph *graph = &reading->at_hand;
	struct signature_def *grown =
		grow(stream, reading, graph->signatures, graph->signature_count, sizeof(*grown));
	if (grown == NULL)
		return false;
	graph->signatures = grown;
	grown[graph->signature_count] = (struct signature_def){0};
	struct named_signature named = {
		.reading = reading, .signature = &grown[graph->signature_count++]};
	return protobuf_message(stream, field, take_signature_entry, &named);
}

static bool take_asset_name(pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	struct reading *reading = context;
	struct meta_graph *graph = &reading->at_hand;
	if (field->number != 2)
		return protobuf_skip(stream, field);
	return take_text(stream, field, reading, &graph->assets[graph->asset_count - 1]);
}

static bool take_asset(
	pb_istream_t *stream, const struct protobuf_field *field, struct reading *reading)
{
	struct meta_graph *graph = &reading->at_hand;
	char **grown = grow(stream, reading, graph->assets, graph->asset_count, sizeof(*grown));
	if (grown == NULL)
		return false;
	graph->assets = grown;
	grown[graph->asset_count++] = NULL;
	return protobuf_message(stream, field, take_asset_name, reading);
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
	struct text *key = &collection->reading->text;
	switch (field->number) {
	case 1:
		if (!protobuf_text(stream, field, NAME_MAX_SIZE, key))
			return false;
		collection->has_key = true;
		collection->is_assets = text_equal(text_string(key), ASSETS_KEY);
		return true;
	case 2:
		if (collection->has_key && !collection->is_assets)
			return protobuf_skip(stream, field);
		return protobuf_message(stream, field, take_collection_def, collection->reading);
	default:
		return protobuf_skip(stream, field);
	}
}

/* A key may stand behind its value, which is taken for one of assets until then. */
static bool take_collection(
	pb_istream_t *stream, const struct protobuf_field *field, struct reading *reading)
{
	struct meta_graph *graph = &reading->at_hand;
	struct collection collection = {.reading = reading};
	size_t before = graph->asset_count;
	if (!protobuf_message(stream, field, take_collection_field, &collection))
		return false;
	while (!collection.is_assets && graph->asset_count > before)
		free(graph->assets[--graph->asset_count]);
	return true;
}

static bool has_tag(const struct meta_graph *graph, const char *tag)
{
	for (size_t i = 0; i < graph->tag_count; i++)
		if (text_equal(graph->tags[i], tag))
			return true;
	return false;
}

/* A tag that is there twice is one: TensorFlow compares sets. */
static bool take_tag(
	pb_istream_t *stream, const struct protobuf_field *field, struct reading *reading)
{
	struct meta_graph *graph = &reading->at_hand;
	char *tag = NULL;
	if (graph->tag_count == TAGS_MAX)
		PB_RETURN_ERROR(stream, "more tags than are kept");
	if (!take_text(stream, field, reading, &tag))
		return false;
	if (has_tag(graph, tag)) {
		free(tag);
		return true;
	}
	graph->tags = memory_grow(graph->tags, graph->tag_count + 1, sizeof(*graph->tags));
	graph->tags[graph->tag_count++] = tag;
	return true;
}

static bool take_meta_info(pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	struct reading *reading = context;
	switch (field->number) {
	case 4:
		return take_tag(stream, field, reading);
	case 5:
		return take_text(stream, field, reading, &reading->at_hand.tensorflow_version);
	default:
		return protobuf_skip(stream, field);
	}
}

static bool take_meta_graph(pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	struct reading *reading = context;
	switch (field->number) {
	case 1:
		return protobuf_message(stream, field, take_meta_info, reading);
	case 2:
		return graph_ops_read(stream, field, &reading->at_hand.ops, &reading->memory);
	case 3:
		reading->at_hand.has_saver = true;
		return protobuf_skip(stream, field);
	case 4:
		return take_collection(stream, field, reading);
	case 5:
		return take_signature_def(stream, field, reading);
	case 6:
		return take_asset(stream, field, reading);
	default:
		return protobuf_skip(stream, field);
	}
}

/* TensorFlow loads the graph that has exactly the tags that it is asked for, the first where there
 * are several. `serve` alone is what is asked for by default; one with more tags is second best. */
static bool is_better(const struct meta_graph *one, const struct meta_graph *other)
{
	bool one_serves = has_tag(one, "serve"), other_serves = has_tag(other, "serve");
	if (one_serves != other_serves)
		return one_serves;
	return one_serves && one->tag_count < other->tag_count;
}

static bool take_saved_model(
	pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	struct reading *reading = context;
	if (field->number == 1)
		return protobuf_skip(stream, field);
	if (field->number != 2)
		PB_RETURN_ERROR(stream, "a field that a SavedModel does not have");
	if (!protobuf_message(stream, field, take_meta_graph, reading))
		return false;
	if (reading->graphs++ == 0 || is_better(&reading->at_hand, &reading->best)) {
		meta_graph_release(&reading->best);
		reading->best = reading->at_hand;
		reading->at_hand = (struct meta_graph){0};
	}
	meta_graph_release(&reading->at_hand);
	return true;
}

static int compare_specs(const void *a, const void *b)
{
	return strcmp(((const struct tensor_spec *)a)->key, ((const struct tensor_spec *)b)->key);
}

static int compare_signatures(const void *a, const void *b)
{
	return strcmp(
		((const struct signature_def *)a)->key, ((const struct signature_def *)b)->key);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort_specs(struct tensor_spec *specs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (specs[i].key == NULL)
			specs[i].key = text_copy("");
	if (count > 1)
		qsort(specs, count, sizeof(*specs), compare_specs);
}

/* Map entries come in any order; a default key is left out in the file. The signature that only
 * initializes is nothing to call. */
static void put_signatures_in_order(struct meta_graph *graph)
{
	size_t kept = 0;
	for (size_t i = 0; i < graph->signature_count; i++) {
		struct signature_def *signature = &graph->signatures[i];
		if (signature->key == NULL)
			signature->key = text_copy("");
		sort_specs(signature->inputs, signature->input_count);
		sort_specs(signature->outputs, signature->output_count);
		if (text_equal(signature->key, "__saved_model_init_op"))
			release_signature(signature);
		else
			graph->signatures[kept++] = *signature;
	}
	graph->signature_count = kept;
	if (kept > 1)
		qsort(graph->signatures, kept, sizeof(*graph->signatures), compare_signatures);
}

/* TensorFlow 1 names each asset twice: as an asset_file_def and in a collection. */
static void put_assets_in_order(struct meta_graph *graph)
{
	size_t kept = 0;
	for (size_t i = 0; i < graph->asset_count; i++)
		if (graph->assets[i] == NULL)
			graph->assets[i] = text_copy("");
	if (graph->asset_count > 1)
		qsort(graph->assets, graph->asset_count, sizeof(*graph->assets), compare_names);
	for (size_t i = 0; i < graph->asset_count; i++)
		if (kept > 0 && text_equal(graph->assets[kept - 1], graph->assets[i]))
			free(graph->assets[i]);
		else
			graph->assets[kept++] = graph->assets[i];
	graph->asset_count = kept;
}

static void put_in_order(struct meta_graph *graph)
{
	put_signatures_in_order(graph);
	put_assets_in_order(graph);
	if (graph->tag_count > 1)
		qsort(graph->tags, graph->tag_count, sizeof(*graph->tags), compare_names);
	graph_ops_finish(&graph->ops);
}

static bool has_graph(const struct reading *reading, const char *file, struct findings *findings)
{
	const char *wrong = NULL;
	if (reading->graphs == 0)
		wrong = "there is no graph in it";
	else if (!has_tag(&reading->best, "serve"))
		wrong = "no graph has the tag `serve`";
	if (wrong != NULL)
		findings_add(findings, FINDING_DAMAGE, file, -1, NULL, "%s", wrong);
	return wrong == NULL;
}

/* Messages that are skipped here are broken or whole for the checksum, which looks into more of
 * them; what is broken for both is said once (file is NULL then). */
static bool take_checksum(struct meta_graph *graph, struct graph_checksum *checksum,
	const char *file, struct findings *findings)
{
	uint64_t position = checksum->position;
	enum graph_checksum_end end = graph_checksum_finish(checksum, &graph->checksum);
	graph->has_checksum = file != NULL && end == GRAPH_CHECKSUM_WHOLE;
	if (file == NULL)
		return false;
	if (end == GRAPH_CHECKSUM_BROKEN)
		findings_add(findings, FINDING_DAMAGE, file, (int64_t)position, NULL,
			"it does not decode: a message does not fit into what holds it");
	if (end == GRAPH_CHECKSUM_TOO_LARGE)
		findings_add(findings, FINDING_NOTE, file, (int64_t)position, NULL,
			"a map of megabytes, such as the attributes of a large constant: its "
			"checksum is not compared with fingerprint.pb");
	return end != GRAPH_CHECKSUM_BROKEN;
}

int meta_graph_read(struct file_reader *reader, uint64_t size, const char *file,
	struct meta_graph *graph, bool *found, struct findings *findings, struct fail *f)
{
	struct reading reading = {.memory = META_GRAPH_MEMORY};
	struct protobuf_source source = {.reader = reader, .f = f};
	struct graph_checksum checksum;
	graph_checksum_begin(&checksum);
	file_reader_tap(reader, graph_checksum_add, &checksum);
	pb_istream_t stream = protobuf_stream(&source, size);
	bool whole = protobuf_each(&stream, take_saved_model, &reading);
	reader->tap = NULL;
	if (!whole && !source.failed)
		findings_add(findings, FINDING_DAMAGE, file, (int64_t)reader->offset, NULL,
			"it does not decode: %s", PB_GET_ERROR(&stream));
	bool checked = take_checksum(&reading.best, &checksum, whole ? file : NULL, findings);
	*found = whole && checked && has_graph(&reading, file, findings);
	put_in_order(&reading.best);
	*graph = reading.best;
	meta_graph_release(&reading.at_hand);
	text_release(&reading.text);
	return source.failed ? -1 : 0;
}
