#include <string.h>

#include "base/text.h"
#include "packaging/digest/fingerprint64.h"
#include "packaging/savedmodel/dtype.h"
#include "packaging/savedmodel/meta_graph.h"

/* Where in the graph a check is: which signature, and which side of it. */
struct place {
	const struct meta_graph *graph;
	const struct signature_def *signature;
	const char *side; /* "input" or "output" */
	const char *file;
	struct findings *findings;
};

static void finding(const struct place *place, enum finding_weight weight,
	const struct tensor_spec *spec, const char *text)
{
	char signature[128], key[128];
	findings_add(place->findings, weight, place->file, -1, spec->name, "%s: %s %s %s",
		text_escape(signature, sizeof(signature), place->signature->key,
			strlen(place->signature->key)),
		place->side, text_escape(key, sizeof(key), spec->key, strlen(spec->key)), text);
}

/* A tensor is an output of a node: "NODE:NUMBER". */
static bool has_node_of(const struct meta_graph *graph, const char *tensor)
{
	const char *colon = strrchr(tensor, ':');
	size_t size = colon != NULL ? (size_t)(colon - tensor) : strlen(tensor);
	uint64_t hash = fingerprint64(tensor, size);
	size_t low = 0, high = graph->node_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (graph->nodes[middle] == hash)
			return true;
		if (graph->nodes[middle] < hash)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static void check_spec(const struct place *place, const struct tensor_spec *spec)
{
	if (spec->name == NULL)
		finding(place, FINDING_DAMAGE, spec, "has no tensor");
	else if (spec->name[0] == '\0')
		finding(place, FINDING_NOTE, spec, "is sparse or composite");
	else if (!has_node_of(place->graph, spec->name))
		finding(place, FINDING_DAMAGE, spec, "is a tensor that the graph does not have");
	if (dtype_name(spec->dtype) == NULL)
		finding(place, FINDING_DAMAGE, spec, "has no dtype that is known");
}

static void check_side(
	struct place *place, const char *side, const struct tensor_spec *specs, size_t count)
{
	place->side = side;
	for (size_t i = 0; i < count; i++) {
		if (i > 0 && text_equal(specs[i - 1].key, specs[i].key))
			finding(place, FINDING_DAMAGE, &specs[i], "comes twice");
		check_spec(place, &specs[i]);
	}
}

static const struct signature_def *serving_default(const struct meta_graph *graph)
{
	for (size_t i = 0; i < graph->signature_count; i++)
		if (text_equal(graph->signatures[i].key, "serving_default"))
			return &graph->signatures[i];
	return NULL;
}

static void check_serving_default(
	const struct meta_graph *graph, const char *file, struct findings *findings)
{
	const struct signature_def *signature = serving_default(graph);
	const char *wrong = NULL;
	if (signature == NULL)
		wrong = "there is no signature serving_default: nothing to call";
	else if (signature->input_count == 0)
		wrong = "the signature serving_default has no inputs";
	else if (signature->output_count == 0)
		wrong = "the signature serving_default has no outputs";
	if (wrong != NULL)
		findings_add(findings, FINDING_DAMAGE, file, -1, NULL, "%s", wrong);
}

void meta_graph_check(const struct meta_graph *graph, const char *file, struct findings *findings)
{
	struct place place = {.graph = graph, .file = file, .findings = findings};
	check_serving_default(graph, file, findings);
	if (graph->tag_count > 1)
		findings_add(findings, FINDING_NOTE, file, -1, NULL,
			"the graph has tags besides `serve`: a loader that asks for `serve` alone "
			"does not find it");
	for (size_t i = 0; i < graph->signature_count; i++) {
		place.signature = &graph->signatures[i];
		check_side(&place, "input", place.signature->inputs, place.signature->input_count);
		check_side(
			&place, "output", place.signature->outputs, place.signature->output_count);
	}
}
