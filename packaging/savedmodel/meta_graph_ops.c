#include "packaging/savedmodel/meta_graph_ops.h"

#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "base/text.h"

#define OPS_SAID 32 /* that are remembered, so as to say each once */

/* The findings on ops: each op is said once. */
struct report {
	const struct meta_graph *graph;
	const char *file;
	struct findings *findings;
	struct {
		const char *op;
		enum finding_weight weight;
	} said[OPS_SAID];
	size_t said_count;
};

static bool is_said(const struct report *report, enum finding_weight weight, const char *op)
{
	for (size_t i = 0; i < report->said_count; i++)
		if (report->said[i].weight == weight && text_equal(report->said[i].op, op))
			return true;
	return false;
}

static void say(struct report *report, enum finding_weight weight,
	const struct graph_suspect *suspect, const char *text)
{
	char op[128];
	if (is_said(report, weight, suspect->op))
		return;
	if (report->said_count < OPS_SAID) {
		report->said[report->said_count].op = suspect->op;
		report->said[report->said_count++].weight = weight;
	}
	findings_add(report->findings, weight, report->file, -1, suspect->name, "op %s %s",
		escape_into(op, sizeof(op), suspect->op, strlen(suspect->op)), text);
}

static void feed(struct graph_ops *ops, const struct tensor_spec *spec)
{
	if (spec->kind == TENSOR_DENSE && spec->name != NULL)
		graph_ops_feed(ops, spec->name);
	for (size_t i = 0; i < spec->part_count; i++)
		graph_ops_feed(ops, spec->parts[i]);
}

static void need(struct graph_ops *ops, const struct tensor_spec *spec)
{
	if (spec->kind == TENSOR_DENSE && spec->name != NULL)
		graph_ops_need(ops, spec->name);
	for (size_t i = 0; i < spec->part_count; i++)
		graph_ops_need(ops, spec->parts[i]);
}

static void check_needed(struct report *report, const struct graph_suspect *suspect)
{
	const struct graph_ops *ops = &report->graph->ops;
	bool needed = graph_ops_is_needed(ops, suspect);
	if (suspect->kind == OP_PYTHON && needed)
		say(report, FINDING_DAMAGE, suspect,
			"calls a Python function of the process that made the graph: no other "
			"process can compute it");
	else if (suspect->kind == OP_PYTHON)
		say(report, FINDING_NOTE, suspect,
			"calls a Python function of the process that made the graph; the "
			"signature serving_default does not need it");
	else if (suspect->kind == OP_PLACEHOLDER && needed && !ops->links_lost)
		findings_add(report->findings, FINDING_DAMAGE, report->file, -1, suspect->name,
			"a placeholder that an output of serving_default needs, and none of its "
			"inputs: it cannot be fed");
}

/* The newer TensorFlow that made the graph may have the op. */
static void check_unknown(struct report *report, const struct graph_suspect *suspect, bool imported)
{
	char text[160];
	const char *version = report->graph->tensorflow_version;
	bool is_newer = op_table_is_older(version);
	snprintf(text, sizeof(text), "is not one of TensorFlow %s: %s", op_table_version(),
		is_newer   ? "the newer one that made the graph may have it"
		: imported ? "a custom op, of another library"
			   : "a custom op, in a function that no node of the graph calls");
	say(report, is_newer || !imported ? FINDING_NOTE : FINDING_CUSTOM_OP, suspect, text);
}

static void check_imported(struct report *report, const struct graph_suspect *suspect)
{
	bool imported = graph_ops_is_needed(&report->graph->ops, suspect);
	char text[160];
	if (suspect->kind == OP_UNKNOWN)
		check_unknown(report, suspect, imported);
	if (suspect->kind != OP_REMOVED)
		return;
	snprintf(text, sizeof(text), "was removed before TensorFlow %s: an older one is needed",
		op_table_version());
	say(report, FINDING_NOTE, suspect, text);
}

void meta_graph_check_ops(struct meta_graph *graph, const struct signature_def *signature,
	const char *file, struct findings *findings)
{
	struct report report = {.graph = graph, .file = file, .findings = findings};
	struct graph_ops *ops = &graph->ops;
	for (size_t i = 0; signature != NULL && i < signature->input_count; i++)
		feed(ops, &signature->inputs[i]);
	for (size_t i = 0; signature != NULL && i < signature->output_count; i++)
		need(ops, &signature->outputs[i]);
	for (size_t i = 0; i < ops->suspect_count; i++)
		check_needed(&report, &ops->suspects[i]);
	graph_ops_need_all_nodes(ops);
	for (size_t i = 0; i < ops->suspect_count; i++)
		check_imported(&report, &ops->suspects[i]);
}
