/* Which ops of a graph forbid to serve it, by what the signature and the graph need of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/fail.h"
#include "packaging/savedmodel/meta_graph.h"
#include "packaging/savedmodel/meta_graph_check.h"
#include "table_maker.h"

/* A node of a graph or a function; calls: the function in its attribute `f`. */
struct row {
	const char *name, *op, *input, *calls;
};

static void put_rows(struct text *out, unsigned field, const struct row *rows)
{
	for (; rows->name != NULL; rows++) {
		struct text node = {0}, entry = {0}, value = {0}, function = {0};
		put_string(&node, 1, rows->name);
		put_string(&node, 2, rows->op);
		if (rows->input != NULL)
			put_string(&node, 3, rows->input);
		if (rows->calls != NULL) {
			put_string(&function, 1, rows->calls);
			put_message(&value, 10, &function);
			put_string(&entry, 1, "f");
			put_message(&entry, 2, &value);
			put_message(&node, 5, &entry);
		}
		put_message(out, field, &node);
	}
}

static void put_function(struct text *library, const char *name, const struct row *rows)
{
	struct text function = {0}, signature = {0};
	put_string(&signature, 1, name);
	put_message(&function, 1, &signature);
	put_rows(&function, 3, rows);
	put_message(library, 1, &function);
}

static void put_tensor(struct text *signature, unsigned field, const char *key, const char *name)
{
	struct text entry = {0}, info = {0};
	put_string(&info, 1, name);
	put_number(&info, 2, 1);
	put_string(&entry, 1, key);
	put_message(&entry, 2, &info);
	put_message(signature, field, &entry);
}

static struct text nodes_before; /* of a graph, as they stand in it */

/* x -> y; functions `called` and `idle`, of which y calls none unless a row does. */
static void make(struct text *model, const char *version, const struct row *nodes,
	const struct row *called, const struct row *idle)
{
	struct text graph = {0}, info = {0}, definition = {0}, library = {0}, entry = {0};
	struct text signature = {0};
	put_string(&info, 4, "serve");
	put_string(&info, 5, version);
	put_message(&graph, 1, &info);
	text_add(&definition, text_string(&nodes_before), nodes_before.size);
	put_rows(&definition, 1, nodes);
	put_function(&library, "called", called);
	put_function(&library, "idle", idle);
	put_message(&definition, 2, &library);
	put_message(&graph, 2, &definition);
	put_tensor(&signature, 1, "x", "x:0");
	put_tensor(&signature, 2, "y", "y:0");
	put_string(&entry, 1, "serving_default");
	put_message(&entry, 2, &signature);
	put_message(&graph, 5, &entry);
	put_message(model, 2, &graph);
}

/* Reads the model, which goes, and checks it. */
static void check_model(struct text *model, struct findings *findings)
{
	struct meta_graph graph;
	struct file_reader reader;
	struct fail f;
	bool found;
	file_reader_of_memory(&reader, (uint8_t *)model->data, model->size);
	assert_int_equal(
		meta_graph_read(&reader, model->size, "pb", &graph, &found, findings, &f), 0);
	assert_true(found);
	meta_graph_check(&graph, "pb", findings);
	meta_graph_release(&graph);
	file_reader_release(&reader);
	text_release(model);
}

static const struct row nothing[] = {{NULL}};
static const struct row python[] = {{"p", "EagerPyFunc"}, {NULL}};
static const struct row custom[] = {{"c", "FishOp"}, {"c2", "FishOp"}, {NULL}};
static const struct row deeper[] = {{"d", "PartitionedCall", .calls = "idle"}, {NULL}};

#define X                                                                                          \
	{                                                                                          \
		"x", "Placeholder"                                                                 \
	}
#define Y_CALLS                                                                                    \
	{                                                                                          \
		"y", "PartitionedCall", "x:0", "called"                                            \
	}

static const struct {
	const char *version;
	struct row nodes[4];
	const struct row *called, *idle;
	int weight; /* -1: nothing is said */
	const char *text;
} rows[] = {
	{"2.21.0", {X, {"y", "Add", "x"}}, nothing, nothing, -1, NULL},
	{"2.21.0", {X, {"y", "called", "x"}}, nothing, nothing, -1, NULL},
	{"2.21.0", {X, {"y", "FishOp", "x"}}, nothing, nothing, FINDING_CUSTOM_OP, "a custom op"},
	{"2.21.0", {X, {"y", "Add", "x"}, {"z", "FishOp"}}, nothing, nothing, FINDING_CUSTOM_OP,
		"a custom op"},
	{"2.21.0", {X, Y_CALLS}, custom, nothing, FINDING_CUSTOM_OP, "a custom op"},
	{"2.21.0", {X, Y_CALLS}, deeper, custom, FINDING_CUSTOM_OP, "a custom op"},
	{"2.21.0", {X, Y_CALLS}, nothing, custom, FINDING_NOTE, "that no node of the graph calls"},
	{"2.22.1", {X, Y_CALLS}, custom, nothing, FINDING_NOTE, "the newer one that made"},
	{"3.0", {X, Y_CALLS}, custom, nothing, FINDING_NOTE, "the newer one that made"},
	{"1.15.0", {X, {"y", "TensorForestTreePredict", "x"}}, nothing, nothing, FINDING_NOTE,
		"was removed before TensorFlow 2.21"},
	{"2.21.0", {X, {"y", "PyFunc", "^x"}}, nothing, nothing, FINDING_DAMAGE,
		"no other process can compute it"},
	{"2.21.0", {X, Y_CALLS}, deeper, python, FINDING_DAMAGE, "no other process"},
	{"2.21.0", {X, {"y", "Add", "x"}, {"z", "If", "x", "called"}}, python, nothing,
		FINDING_NOTE, "does not need it"},
	{"2.21.0", {X, {"y", "Mul", "k:0"}, {"k", "Placeholder"}}, nothing, nothing, FINDING_DAMAGE,
		"it cannot be fed"},
	{"2.21.0", {X, {"y", "Mul", "x"}, {"k", "Placeholder"}}, nothing, nothing, -1, NULL},
	{"2.21.0", {{"x", "Identity", "k"}, {"y", "Mul", "x"}, {"k", "Placeholder"}}, nothing,
		nothing, -1, NULL},
};

static void an_op_is_judged_by_who_needs_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct text model = {0};
		struct findings findings = {0};
		make(&model, rows[i].version, rows[i].nodes, rows[i].called, rows[i].idle);
		check_model(&model, &findings);
		if (findings.count != (rows[i].weight >= 0 ? 1 : 0))
			fail_msg("row %zu: %zu findings", i, findings.count);
		if (findings.count == 1) {
			assert_int_equal(findings.list[0].weight, rows[i].weight);
			assert_non_null(strstr(findings.list[0].text, rows[i].text));
		}
		findings_release(&findings);
	}
}

static void a_note_on_an_op_does_not_hide_what_forbids_it(void **state)
{
	static const struct row nodes[] = {
		{"z", "PyFunc"}, X, {"y", "PyFunc", "x"}, {"k", "FishOp"}, {NULL}};
	struct text model = {0};
	struct findings findings = {0};
	(void)state;
	make(&model, "2.21.0", nodes, nothing, custom);
	check_model(&model, &findings);
	assert_int_equal(findings.of_weight[FINDING_DAMAGE], 1);
	assert_int_equal(findings.of_weight[FINDING_CUSTOM_OP], 1);
	findings_release(&findings);
}

/* Links are the first thing to be given up; then a Python function anywhere is one too many. */
static void a_graph_beyond_what_is_kept_of_links_is_judged_as_if_all_were_needed(void **state)
{
	static const struct row nodes[] = {X, {"y", "Add", "x"}, {"z", "PyFunc"}, {NULL}};
	struct text model = {0}, more = {0};
	struct findings findings = {0};
	(void)state;
	make(&model, "2.21.0", nodes, nothing, nothing);
	check_model(&model, &findings);
	assert_int_equal(findings.of_weight[FINDING_DAMAGE], 0);
	findings_release(&findings);
	put_string(&more, 1, "many");
	put_string(&more, 2, "AddN");
	for (size_t i = 0; i < META_GRAPH_MEMORY / 2 / sizeof(uint64_t); i++)
		put_string(&more, 3, "x");
	put_message(&nodes_before, 1, &more);
	make(&model, "2.21.0", nodes, nothing, nothing);
	check_model(&model, &findings);
	assert_int_equal(findings.of_weight[FINDING_DAMAGE], 1);
	findings_release(&findings);
	text_release(&nodes_before);
}

static void names_are_known_by_the_table(void **state)
{
	(void)state;
	assert_int_equal(op_kind("A"), OP_KNOWN);
	assert_int_equal(op_kind("MatMul"), OP_KNOWN);
	assert_int_equal(op_kind("ZipDataset"), OP_KNOWN);
	assert_int_equal(op_kind("PlaceholderWithDefault"), OP_KNOWN);
	assert_int_equal(op_kind("PyFuncStateless"), OP_PYTHON);
	assert_int_equal(op_kind("matmul"), OP_UNKNOWN);
	assert_int_equal(op_kind(""), OP_UNKNOWN);
	assert_false(op_table_is_older(NULL));
	assert_false(op_table_is_older("2.21.1"));
	assert_false(op_table_is_older("2.4.0-rc1"));
	assert_true(op_table_is_older("2.22.0-dev20270101"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_op_is_judged_by_who_needs_it),
		cmocka_unit_test(a_note_on_an_op_does_not_hide_what_forbids_it),
		cmocka_unit_test(
			a_graph_beyond_what_is_kept_of_links_is_judged_as_if_all_were_needed),
		cmocka_unit_test(names_are_known_by_the_table),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
