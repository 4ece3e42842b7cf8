/* saved_model.pb and fingerprint.pb: what is read of them, and every way to be broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/fail.h"
#include "base/memory.h"
#include "packaging/digest/fingerprint64.h"
#include "packaging/savedmodel/dtype.h"
#include "packaging/savedmodel/fingerprint.h"
#include "packaging/savedmodel/meta_graph.h"
#include "packaging/savedmodel/meta_graph_check.h"
#include "table_maker.h"

static void put_tensor_entry(
	struct text *signature, unsigned field, const char *key, const char *name, int64_t last)
{
	struct text entry = {0}, info = {0};
	if (name != NULL)
		put_string(&info, 1, name);
	put_number(&info, 2, DTYPE_FLOAT);
	put_shape(&info, 3, (int64_t[]){-1, last}, 2);
	put_string(&entry, 1, key);
	put_message(&entry, 2, &info);
	put_message(signature, field, &entry);
}

static void put_signature(struct text *graph, const char *key, const char *output)
{
	struct text entry = {0}, signature = {0};
	put_tensor_entry(&signature, 1, "b", "node_b:0", 4);
	put_tensor_entry(&signature, 1, "a", "node_a:1", 3);
	if (output != NULL)
		put_tensor_entry(&signature, 2, "out", output, 2);
	put_string(&signature, 3, "tensorflow/serving/predict");
	put_string(&entry, 1, key);
	put_message(&entry, 2, &signature);
	put_message(graph, 5, &entry);
}

static void put_op(struct text *nodes, const char *name, const char *op, const char *input)
{
	struct text node = {0};
	put_string(&node, 1, name);
	put_string(&node, 2, op);
	if (input != NULL)
		put_string(&node, 3, input);
	put_message(nodes, 1, &node);
}

static void put_node(struct text *nodes, const char *name)
{
	put_op(nodes, name, "Placeholder", NULL);
}

static void put_graph(struct text *model, const char *const tags[2], const char *version,
	const char *key, const char *output)
{
	struct text graph = {0}, info = {0}, nodes = {0}, asset = {0};
	for (int i = 0; i < 2; i++)
		if (tags[i] != NULL)
			put_string(&info, 4, tags[i]);
	put_string(&info, 5, version);
	put_message(&graph, 1, &info);
	put_node(&nodes, "node_b");
	put_node(&nodes, "node_a");
	put_op(&nodes, "node_out", "Add", "node_a:1");
	put_message(&graph, 2, &nodes);
	put_signature(&graph, key, output);
	put_signature(&graph, "__saved_model_init_op", output);
	put_signature(&graph, "also", output);
	put_string(&asset, 2, "words.txt");
	put_message(&graph, 6, &asset);
	put_message(model, 2, &graph);
}

static void make(struct text *model, const char *key, const char *output)
{
	put_number(model, 1, 1);
	put_graph(model, (const char *const[]){"serve", NULL}, "2.21.0", key, output);
}

/* The findings of a file, checks of the graph included. */
static bool read_model(
	const struct text *model, size_t size, struct meta_graph *graph, struct findings *findings)
{
	struct file_reader reader;
	struct fail f;
	bool found;
	uint8_t *copy = memory_get(size + 1, 1);
	memcpy(copy, text_string(model), size);
	file_reader_of_memory(&reader, copy, size);
	assert_int_equal(meta_graph_read(&reader, size, "pb", graph, &found, findings, &f), 0);
	if (found)
		meta_graph_check(graph, "pb", findings);
	file_reader_release(&reader);
	free(copy);
	return found;
}

static void signatures_are_read_and_sorted(void **state)
{
	struct text model = {0};
	struct meta_graph graph;
	struct findings findings = {0};
	(void)state;
	make(&model, "serving_default", "node_out:0");
	assert_true(read_model(&model, model.size, &graph, &findings));
	assert_int_equal(findings.count, 0);
	assert_string_equal(graph.tensorflow_version, "2.21.0");
	assert_int_equal(graph.signature_count, 2);
	assert_string_equal(graph.signatures[0].key, "also");
	assert_string_equal(graph.signatures[1].key, "serving_default");
	assert_string_equal(graph.signatures[1].method, "tensorflow/serving/predict");
	const struct tensor_spec *input = graph.signatures[1].inputs;
	assert_int_equal(graph.signatures[1].input_count, 2);
	assert_string_equal(input[0].key, "a");
	assert_string_equal(input[0].name, "node_a:1");
	assert_int_equal(input[0].dtype, DTYPE_FLOAT);
	assert_int_equal(input[0].rank, 2);
	assert_int_equal(input[0].dims[0], -1);
	assert_int_equal(input[0].dims[1], 3);
	assert_string_equal(input[1].key, "b");
	assert_int_equal(graph.asset_count, 1);
	assert_string_equal(graph.assets[0], "words.txt");
	assert_false(graph.has_saver);
	meta_graph_release(&graph);
	text_release(&model);
}

static void what_cannot_be_served_is_said(void **state)
{
	static const struct {
		const char *key, *output, *text;
	} rows[] = {
		{"predict", "node_out:0", "there is no signature serving_default"},
		{"serving_default", NULL, "the signature serving_default has no outputs"},
		{"serving_default", "elsewhere:0", "is a tensor that the graph does not have"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct text model = {0};
		struct meta_graph graph;
		struct findings findings = {0};
		make(&model, rows[i].key, rows[i].output);
		assert_true(read_model(&model, model.size, &graph, &findings));
		assert_true(findings.count >= 1);
		assert_int_equal(findings.list[0].weight, FINDING_DAMAGE);
		assert_non_null(strstr(findings.list[0].text, rows[i].text));
		findings_release(&findings);
		meta_graph_release(&graph);
		text_release(&model);
	}
}

static void the_graph_to_serve_is_chosen_by_its_tags(void **state)
{
	struct text model = {0};
	struct meta_graph graph;
	struct findings findings = {0};
	(void)state;
	put_graph(&model, (const char *const[]){"train", NULL}, "1", "x", NULL);
	put_graph(&model, (const char *const[]){"gpu", "serve"}, "2", "x", NULL);
	put_graph(
		&model, (const char *const[]){"serve", NULL}, "3", "serving_default", "node_out:0");
	put_graph(&model, (const char *const[]){"serve", "tpu"}, "4", "x", NULL);
	assert_true(read_model(&model, model.size, &graph, &findings));
	assert_string_equal(graph.tensorflow_version, "3");
	assert_int_equal(findings.count, 0);
	meta_graph_release(&graph);
	text_clear(&model);
	put_graph(&model, (const char *const[]){"train", NULL}, "1", "x", NULL);
	assert_false(read_model(&model, model.size, &graph, &findings));
	assert_string_equal(findings.list[0].text, "no graph has the tag `serve`");
	findings_release(&findings);
	meta_graph_release(&graph);
	text_release(&model);
}

static void every_cut_and_every_addition_is_seen(void **state)
{
	static const char *const endings[] = {"\0", "A", "\x18\x01", "\x12"};
	struct text model = {0};
	struct meta_graph graph;
	struct findings findings = {0};
	(void)state;
	make(&model, "serving_default", "node_out:0");
	for (size_t size = 0; size < model.size; size++) {
		assert_false(read_model(&model, size, &graph, &findings));
		assert_int_equal(findings.count, 1);
		meta_graph_release(&graph);
		findings_release(&findings);
	}
	size_t size = model.size;
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		text_add(&model, endings[i], i == 2 ? 2 : 1);
		assert_false(read_model(&model, model.size, &graph, &findings));
		meta_graph_release(&graph);
		findings_release(&findings);
		model.size = size;
	}
	text_release(&model);
}

static void a_node_whose_name_does_not_end_is_refused(void **state)
{
	(void)state;
	for (int whole = 0; whole < 3; whole++) {
		struct text model = {0}, graph_bytes = {0}, nodes = {0};
		struct meta_graph graph;
		struct findings findings = {0};
		for (int i = 0; i < whole; i++)
			put_node(&nodes, "node");
		put_bytes(&nodes, 1, "\x0a\x7f", 2);
		put_message(&graph_bytes, 2, &nodes);
		put_message(&model, 2, &graph_bytes);
		assert_false(read_model(&model, model.size, &graph, &findings));
		assert_int_equal(findings.count, 1);
		findings_release(&findings);
		meta_graph_release(&graph);
		text_release(&model);
	}
}

static void names_without_end_are_refused(void **state)
{
	struct text model = {0}, graph_bytes = {0}, nodes = {0};
	struct meta_graph graph;
	struct findings findings = {0};
	(void)state;
	for (size_t i = 0; i < META_GRAPH_MEMORY / 8 + 1; i++)
		text_add(&nodes, "\x0a\x02\x0a\0", 4);
	put_message(&graph_bytes, 2, &nodes);
	put_message(&model, 2, &graph_bytes);
	assert_false(read_model(&model, model.size, &graph, &findings));
	assert_non_null(strstr(findings.list[0].text, "more names and signatures than are kept"));
	findings_release(&findings);
	meta_graph_release(&graph);
	text_release(&model);
}

static void names_that_are_not_text_are_refused(void **state)
{
	struct text model = {0};
	struct meta_graph graph;
	struct findings findings = {0};
	(void)state;
	make(&model, "serving\xff", "node_out:0");
	assert_false(read_model(&model, model.size, &graph, &findings));
	assert_non_null(strstr(findings.list[0].text, "not UTF-8"));
	findings_release(&findings);
	meta_graph_release(&graph);
	text_release(&model);
}

static bool read_fingerprint(const struct text *bytes, size_t size, struct fingerprint *fingerprint,
	struct findings *findings)
{
	struct file_reader reader;
	struct fail f;
	bool found;
	file_reader_of_memory(&reader, bytes->data, size);
	assert_int_equal(
		fingerprint_read(&reader, size, "fp", fingerprint, &found, findings, &f), 0);
	file_reader_release(&reader);
	return found;
}

static void put_fingerprint(struct text *out, uint64_t hash, uint64_t producer)
{
	struct text version = {0};
	for (unsigned i = 1; i <= 4; i++)
		put_number(out, i, 0x123456789abcdef0 + i);
	put_number(out, 5, hash);
	put_number(&version, 1, producer);
	put_message(out, 6, &version);
	put_string(out, 7, "266304707042695702595003673561982411472");
}

static void a_fingerprint_is_compared_with_the_index(void **state)
{
	static const struct {
		uint64_t said, is, producer;
		int weight; /* -1: no finding */
	} rows[] = {
		{7, 7, 4, -1},
		{7, 8, 4, FINDING_DAMAGE},
		{7, 8, 1, FINDING_DAMAGE},
		{7, 8, 99, FINDING_NOTE},
		{7, 0, 4, FINDING_DAMAGE}, /* there is no index */
		{0, 0, 4, -1},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct text bytes = {0};
		struct fingerprint fingerprint;
		struct findings findings = {0};
		put_fingerprint(&bytes, rows[i].said, rows[i].producer);
		assert_true(read_fingerprint(&bytes, bytes.size, &fingerprint, &findings));
		fingerprint_check(
			&fingerprint, "fp", rows[i].is != 0 ? &rows[i].is : NULL, &findings);
		assert_int_equal(findings.count, rows[i].weight < 0 ? 0 : 1);
		if (findings.count > 0)
			assert_int_equal(findings.list[0].weight, rows[i].weight);
		findings_release(&findings);
		text_release(&bytes);
	}
}

static void a_cut_fingerprint_is_seen(void **state)
{
	struct text bytes = {0};
	(void)state;
	put_fingerprint(&bytes, 7, 4);
	for (size_t size = 0; size < bytes.size; size++) {
		struct fingerprint fingerprint;
		struct findings findings = {0};
		read_fingerprint(&bytes, size, &fingerprint, &findings);
		assert_int_equal(findings.count, 1);
		findings_release(&findings);
	}
	text_release(&bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signatures_are_read_and_sorted),
		cmocka_unit_test(what_cannot_be_served_is_said),
		cmocka_unit_test(the_graph_to_serve_is_chosen_by_its_tags),
		cmocka_unit_test(every_cut_and_every_addition_is_seen),
		cmocka_unit_test(a_node_whose_name_does_not_end_is_refused),
		cmocka_unit_test(names_without_end_are_refused),
		cmocka_unit_test(names_that_are_not_text_are_refused),
		cmocka_unit_test(a_fingerprint_is_compared_with_the_index),
		cmocka_unit_test(a_cut_fingerprint_is_seen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
