/* The checksum of a graph: maps are put in order, whatever the pieces; what is broken is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/memory.h"
#include "packaging/savedmodel/graph_checksum.h"
#include "table_maker.h"

/* As Python's library writes a function: results with one name that begins another, arguments from
 * the last to the first, each with attributes; or in order, as C++ does. */
static void put_function(struct text *library, bool in_order)
{
	static const char *const names[] = {"identity", "identity_1", "other"};
	static const int python[] = {1, 0, 2};
	struct text function = {0};
	put_string(&function, 1, "");
	for (int i = 0; i < 3; i++) {
		struct text entry = {0};
		const char *name = names[in_order ? i : python[i]];
		put_string(&entry, 1, name);
		put_string(&entry, 2, name);
		put_message(&function, 4, &entry);
	}
	for (int i = 0; i < 6; i++) {
		struct text entry = {0}, value = {0};
		put_number(&entry, 1, (uint64_t)(in_order ? i : 5 - i));
		for (int j = 0; j < 2; j++) {
			struct text attr = {0}, data = {0};
			put_string(&attr, 1, j == (in_order ? 0 : 1) ? "T" : "Tidx");
			put_number(&data, 6, 1);
			put_message(&attr, 2, &data);
			put_message(&value, 1, &attr);
		}
		put_message(&entry, 2, &value);
		put_message(&function, 7, &entry);
	}
	put_string(&function, 9, "a field behind them");
	put_message(library, 1, &function);
}

static void make(struct text *model, bool in_order)
{
	struct text graph = {0}, graph_def = {0}, library = {0};
	put_function(&library, in_order);
	put_function(&library, in_order);
	put_message(&graph_def, 2, &library);
	put_message(&graph, 2, &graph_def);
	put_number(model, 1, 1);
	put_message(model, 2, &graph);
}

static enum graph_checksum_end check(const void *bytes, size_t size, size_t piece, uint64_t *value)
{
	struct graph_checksum checksum;
	graph_checksum_begin(&checksum);
	for (size_t at = 0; at < size; at += piece)
		graph_checksum_add(&checksum, (const uint8_t *)bytes + at,
			piece < size - at ? piece : size - at);
	return graph_checksum_finish(&checksum, value);
}

static void maps_count_in_order_whatever_the_pieces(void **state)
{
	struct text python = {0}, cpp = {0};
	(void)state;
	make(&python, false);
	make(&cpp, true);
	assert_int_equal(python.size, cpp.size);
	assert_true(memcmp(python.data, cpp.data, cpp.size) != 0);
	uint64_t expected = fingerprint64(cpp.data, cpp.size);
	for (size_t piece = 1; piece <= cpp.size; piece++) {
		uint64_t value;
		assert_int_equal(check(cpp.data, cpp.size, piece, &value), GRAPH_CHECKSUM_WHOLE);
		assert_true(value == expected);
		assert_int_equal(
			check(python.data, python.size, piece, &value), GRAPH_CHECKSUM_WHOLE);
		assert_true(value == expected);
	}
	text_release(&python);
	text_release(&cpp);
}

static void every_changed_bit_is_seen(void **state)
{
	struct text model = {0};
	uint64_t whole, value;
	(void)state;
	make(&model, false);
	assert_int_equal(check(model.data, model.size, 64, &whole), GRAPH_CHECKSUM_WHOLE);
	for (size_t at = 0; at < model.size; at++)
		for (int bit = 0; bit < 8; bit++) {
			model.data[at] ^= (char)(1 << bit);
			enum graph_checksum_end end = check(model.data, model.size, 64, &value);
			assert_true(end == GRAPH_CHECKSUM_BROKEN || value != whole);
			model.data[at] ^= (char)(1 << bit);
		}
	text_release(&model);
}

static void every_cut_inside_is_broken(void **state)
{
	struct text model = {0};
	uint64_t value;
	(void)state;
	make(&model, false);
	for (size_t size = 3; size < model.size; size++)
		assert_int_equal(check(model.data, size, 64, &value), GRAPH_CHECKSUM_BROKEN);
	text_release(&model);
}

static void a_map_beyond_the_limit_has_no_checksum(void **state)
{
	struct text model = {0}, graph = {0}, graph_def = {0}, node = {0}, attr = {0};
	char *large = memory_get(GRAPH_CHECKSUM_HELD, 1);
	uint64_t value;
	(void)state;
	put_string(&attr, 1, "value");
	put_bytes(&attr, 2, large, 0);
	put_bytes(&attr, 3, large, GRAPH_CHECKSUM_HELD);
	put_message(&node, 5, &attr);
	put_message(&graph_def, 1, &node);
	put_message(&graph, 2, &graph_def);
	put_message(&model, 2, &graph);
	assert_int_equal(check(model.data, model.size, 100000, &value), GRAPH_CHECKSUM_TOO_LARGE);
	free(large);
	text_release(&model);
}

static void depth_without_end_is_given_up(void **state)
{
	struct text model = {0};
	uint64_t value;
	(void)state;
	for (int i = 0; i < 60; i++) { /* a list of structured values inside of one, and so on */
		struct text list = {0};
		put_message(&list, 1, &model);
		model = (struct text){0};
		put_message(&model, 51, &list);
	}
	static const unsigned path[] = {4, 2, 2, 7}; /* an output signature, up to its graph */
	for (size_t i = 0; i < 4; i++) {
		struct text outer = {0};
		if (i == 1)
			put_string(&outer, 1, "key");
		put_message(&outer, path[i], &model);
		model = outer;
	}
	struct text outer = {0};
	put_message(&outer, 2, &model);
	assert_int_equal(check(outer.data, outer.size, 64, &value), GRAPH_CHECKSUM_TOO_LARGE);
	text_release(&outer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(maps_count_in_order_whatever_the_pieces),
		cmocka_unit_test(every_changed_bit_is_seen),
		cmocka_unit_test(every_cut_inside_is_broken),
		cmocka_unit_test(a_map_beyond_the_limit_has_no_checksum),
		cmocka_unit_test(depth_without_end_is_given_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
