#include "packaging/savedmodel/meta_graph_check.h"

#include <string.h>

#include "base/escape.h"
#include "base/text.h"
#include "packaging/savedmodel/dtype.h"
#include "packaging/savedmodel/meta_graph_ops.h"

#define INPUTS_COMPARED 1000 /* of a signature that has more, the rest is not */

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
	bool has_name = spec->name != NULL && spec->name[0] != '\0';
	const char *tensor = has_name ? spec->name : NULL;
	findings_add(place->findings, weight, place->file, -1, tensor, "%s: %s %s %s",
		escape_into(signature, sizeof(signature), place->signature->key,
			strlen(place->signature->key)),
		place->side, escape_into(key, sizeof(key), spec->key, strlen(spec->key)), text);
}

static bool is_served(const struct place *place)
{
	return text_equal(place->signature->key, "serving_default");
}

/* What is not one tensor: what a caller of the signature gives or gets for it. */
static void check_several(const struct place *place, const struct tensor_spec *spec)
{
	static const char *const inputs[] = {
		[TENSOR_SPARSE] = "is sparse: its parts are inputs of their own, KEY_indices, "
				  "KEY_values and KEY_dense_shape",
		[TENSOR_RAGGED] = "is ragged: its parts are inputs of their own, KEY_component_0 "
				  "and so on",
		[TENSOR_COMPOSITE] = "is of several tensors: its parts are inputs of their own, "
				     "KEY_component_0 and so on",
	};
	static const char *const outputs[] = {
		[TENSOR_SPARSE] = "is sparse: predict gives it as a dense array",
		[TENSOR_RAGGED] = "is ragged: predict gives an array of its rows, each an array",
		[TENSOR_COMPOSITE] = "is neither an array nor sparse nor ragged: predict cannot "
				     "give it",
	};
	bool is_input = text_equal(place->side, "input");
	bool refused = !is_input && spec->kind == TENSOR_COMPOSITE && is_served(place);
	for (size_t i = 0; i < spec->part_count; i++)
		if (!graph_ops_has_node(&place->graph->ops, spec->parts[i]))
			finding(place, FINDING_DAMAGE, spec,
				"is a tensor that the graph does not have");
	finding(place, refused ? FINDING_DAMAGE : FINDING_NOTE, spec,
		is_input ? inputs[spec->kind] : outputs[spec->kind]);
}

static void check_dtype(const struct place *place, const struct tensor_spec *spec)
{
	if (dtype_name(spec->dtype) == NULL)
		finding(place, FINDING_DAMAGE, spec, "has no dtype that is known");
	else if (is_served(place) && spec->dtype == DTYPE_RESOURCE)
		finding(place, FINDING_DAMAGE, spec, "is a resource, which is no array");
	else if (is_served(place) && spec->dtype == DTYPE_VARIANT)
		finding(place, FINDING_DAMAGE, spec, "is a variant, which is no array");
}

static void check_spec(const struct place *place, const struct tensor_spec *spec)
{
	if (spec->name == NULL)
		finding(place, FINDING_DAMAGE, spec, "has no tensor");
	else if (spec->kind != TENSOR_DENSE)
		check_several(place, spec);
	else if (!graph_ops_has_node(&place->graph->ops, spec->name))
		finding(place, FINDING_DAMAGE, spec, "is a tensor that the graph does not have");
	check_dtype(place, spec);
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

/* TensorFlow's object-based loader takes each tensor once; a session takes it, and a caller must
 * give both names one value. */
static void check_tensors_of_inputs(const struct place *place)
{
	const struct signature_def *signature = place->signature;
	for (size_t i = 1; i < signature->input_count && is_served(place); i++)
		for (size_t j = 0; j < i && j < INPUTS_COMPARED; j++) {
			const struct tensor_spec *one = &signature->inputs[i];
			if (one->kind != TENSOR_DENSE ||
				!text_equal(one->name, signature->inputs[j].name))
				continue;
			finding(place, FINDING_NOTE, one,
				"is the tensor of another input: both must be given the same "
				"values");
			break;
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
	else if (signature->output_count == 0)
		wrong = "the signature serving_default has no outputs";
	else if (signature->input_count == 0)
		findings_add(findings, FINDING_NOTE, file, -1, NULL,
			"the signature serving_default has no inputs: predict takes an empty dict");
	if (wrong != NULL)
		findings_add(findings, FINDING_DAMAGE, file, -1, NULL, "%s", wrong);
}

static void check_tags(const struct meta_graph *graph, const char *file, struct findings *findings)
{
	struct text tags = {0};
	char shown[256];
	for (size_t i = 0; i < graph->tag_count; i++)
		text_printf(&tags, "%s%s", i > 0 ? "," : "", graph->tags[i]);
	if (graph->tag_count > 1)
		findings_add(findings, FINDING_NOTE, file, -1, NULL,
			"the graph has the tags %s: the packaged loader asks for them; a server "
			"that asks for `serve` alone does not find it",
			escape_into(shown, sizeof(shown), text_string(&tags), tags.size));
	text_release(&tags);
}

void meta_graph_check(struct meta_graph *graph, const char *file, struct findings *findings)
{
	struct place place = {.graph = graph, .file = file, .findings = findings};
	check_serving_default(graph, file, findings);
	check_tags(graph, file, findings);
	for (size_t i = 0; i < graph->signature_count; i++) {
		place.signature = &graph->signatures[i];
		check_side(&place, "input", place.signature->inputs, place.signature->input_count);
		check_tensors_of_inputs(&place);
		check_side(
			&place, "output", place.signature->outputs, place.signature->output_count);
	}
	meta_graph_check_ops(graph, serving_default(graph), file, findings);
}
