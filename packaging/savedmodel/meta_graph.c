#include "packaging/savedmodel/meta_graph.h"

#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"
#include "packaging/savedmodel/graph_assets.h"
#include "packaging/savedmodel/graph_checksum.h"
#include "packaging/savedmodel/graph_memory.h"
#include "packaging/savedmodel/names.h"
#include "packaging/savedmodel/protobuf.h"
#include "packaging/savedmodel/signature_def_read.h"

#define TAGS_MAX 64

/* A reading of the file: the graph at hand, the best so far, and the memory left to keep things. */
struct reading {
	struct meta_graph at_hand;
	struct meta_graph best;
	struct graph_memory memory;
	size_t graphs;
};

void meta_graph_release(struct meta_graph *graph)
{
	signature_def_release_all(graph->signatures, graph->signature_count);
	names_release(graph->assets, graph->asset_count);
	names_release(graph->tags, graph->tag_count);
	graph_ops_release(&graph->ops);
	free(graph->tensorflow_version);
	*graph = (struct meta_graph){0};
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
	if (!graph_memory_name(stream, field, &reading->memory, &tag))
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
		return graph_memory_name(
			stream, field, &reading->memory, &reading->at_hand.tensorflow_version);
	default:
		return protobuf_skip(stream, field);
	}
}

static bool take_meta_graph(pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	struct reading *reading = context;
	struct meta_graph *graph = &reading->at_hand;
	switch (field->number) {
	case 1:
		return protobuf_message(stream, field, take_meta_info, reading);
	case 2:
		return graph_ops_read(stream, field, &graph->ops, &reading->memory.left);
	case 3:
		graph->has_saver = true;
		return protobuf_skip(stream, field);
	case 4:
		return graph_assets_read_collection(
			stream, field, &reading->memory, &graph->assets, &graph->asset_count);
	case 5:
		return signature_def_read(stream, field, &reading->memory, &graph->signatures,
			&graph->signature_count);
	case 6:
		return graph_assets_read(
			stream, field, &reading->memory, &graph->assets, &graph->asset_count);
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

/* The signature that only initializes is nothing to call. */
static void drop_initializers(struct meta_graph *graph)
{
	size_t kept = 0;
	for (size_t i = 0; i < graph->signature_count; i++) {
		struct signature_def *signature = &graph->signatures[i];
		if (text_equal(signature->key, "__saved_model_init_op"))
			signature_def_release(signature);
		else
			graph->signatures[kept++] = *signature;
	}
	graph->signature_count = kept;
}

static void put_in_order(struct meta_graph *graph)
{
	drop_initializers(graph);
	signature_def_sort(graph->signatures, graph->signature_count);
	graph_assets_sort(graph->assets, &graph->asset_count);
	names_sort(graph->tags, graph->tag_count);
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
	struct reading reading = {.memory = {.left = META_GRAPH_MEMORY}};
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
	text_release(&reading.memory.text);
	return source.failed ? -1 : 0;
}
