/* Where a graph names its assets: as asset_file_def, and in the collection saved_model_assets of
 * TensorFlow 1, Estimator and Transform.
 */
#include "unit.h"

#include "packaging/savedmodel/meta_graph.h"
#include "table_maker.h"

#define ASSETS "saved_model_assets"

/* A CollectionDef: an any_list of AssetFileDefs. */
static void put_list(struct text *entry, const char *const names[3])
{
	struct text list = {0}, definition = {0};
	for (size_t i = 0; i < 3 && names[i] != NULL; i++) {
		struct text any = {0}, asset = {0}, tensor = {0};
		put_string(&tensor, 1, "asset_path_initializer:0");
		put_message(&asset, 1, &tensor);
		put_string(&asset, 2, names[i]);
		put_string(&any, 1, "type.googleapis.com/tensorflow.AssetFileDef");
		put_message(&any, 2, &asset);
		put_message(&list, 1, &any);
	}
	put_message(&definition, 5, &list);
	put_message(entry, 2, &definition);
}

/* Another collection: names of nodes, and bytes that are no message. */
static void put_other(struct text *graph, const char *key)
{
	struct text entry = {0}, definition = {0}, nodes = {0}, list = {0}, any = {0};
	put_string(&nodes, 1, "init");
	put_message(&definition, 1, &nodes);
	put_string(&any, 2, "\xff\xff");
	put_message(&list, 1, &any);
	put_message(&definition, 5, &list);
	put_string(&entry, 1, key);
	put_message(&entry, 2, &definition);
	put_message(graph, 4, &entry);
}

struct row {
	const char *name;
	const char *key; /* of the collection; NULL: none */
	bool key_last;
	const char *collected[3];
	const char *defined[3]; /* by asset_file_def */
	const char *assets;	/* what comes out, with blanks between */
};

static void put_collection(struct text *graph, const struct row *row)
{
	struct text entry = {0};
	if (!row->key_last)
		put_string(&entry, 1, row->key);
	put_list(&entry, row->collected);
	if (row->key_last)
		put_string(&entry, 1, row->key);
	put_message(graph, 4, &entry);
}

static void put_model(struct text *model, const struct row *row)
{
	struct text graph = {0}, info = {0};
	put_string(&info, 4, "serve");
	put_message(&graph, 1, &info);
	put_other(&graph, "saved_model_main_op");
	if (row->key != NULL)
		put_collection(&graph, row);
	for (size_t i = 0; i < 3 && row->defined[i] != NULL; i++) {
		struct text asset = {0};
		put_string(&asset, 2, row->defined[i]);
		put_message(&graph, 6, &asset);
	}
	put_other(&graph, "variables");
	put_message(model, 2, &graph);
}

static char *assets_of(const struct text *model)
{
	struct findings findings = {0};
	struct meta_graph graph;
	struct file_reader reader;
	struct fail f;
	bool found;
	struct text names = {0};
	file_reader_of_memory(&reader, text_string(model), model->size);
	assert_int_equal(
		meta_graph_read(&reader, model->size, "pb", &graph, &found, &findings, &f), 0);
	assert_true(found);
	for (size_t i = 0; i < graph.asset_count; i++)
		text_printf(&names, "%s%s", i > 0 ? " " : "", graph.assets[i]);
	text_add_string(&names, "");
	meta_graph_release(&graph);
	findings_release(&findings);
	file_reader_release(&reader);
	return text_take(&names);
}

static void assets_are_found_wherever_a_graph_names_them(void **state)
{
	static const struct row rows[] = {
		{"none", NULL, false, {0}, {0}, ""},
		{"asset_file_def", NULL, false, {0}, {"b", "a"}, "a b"},
		{"collection", ASSETS, false, {"b", "a"}, {0}, "a b"},
		{"collection with its key last", ASSETS, true, {"b", "a"}, {0}, "a b"},
		{"both the same", ASSETS, false, {"a", "b"}, {"b", "a"}, "a b"},
		{"each another", ASSETS, false, {"a"}, {"b"}, "a b"},
		{"a folder", ASSETS, false, {"words/fish.txt"}, {0}, "words/fish.txt"},
		{"another collection", "assets", false, {"a"}, {0}, ""},
		{"another collection with its key last", "assets", true, {"a"}, {"b"}, "b"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct text model = {0};
		put_model(&model, &rows[i]);
		char *assets = assets_of(&model);
		assert_row(strcmp(assets, rows[i].assets) == 0, rows[i].name);
		free(assets);
		text_release(&model);
	}
}

static void a_collection_that_is_cut_short_is_refused(void **state)
{
	static const struct row row = {"cut", ASSETS, true, {"words.txt", "more.txt"}, {0}, ""};
	struct text entry = {0};
	(void)state;
	put_collection(&entry, &row);
	for (size_t cut = 1; cut < entry.size; cut++) {
		struct findings findings = {0};
		struct meta_graph graph;
		struct file_reader reader;
		struct fail f;
		bool found;
		struct text model = {0};
		put_bytes(&model, 2, text_string(&entry), entry.size - cut);
		file_reader_of_memory(&reader, text_string(&model), model.size);
		assert_int_equal(
			meta_graph_read(&reader, model.size, "pb", &graph, &found, &findings, &f),
			0);
		assert_false(found);
		assert_int_equal(findings.of_weight[FINDING_DAMAGE], 1);
		meta_graph_release(&graph);
		findings_release(&findings);
		file_reader_release(&reader);
		text_release(&model);
	}
	text_release(&entry);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(assets_are_found_wherever_a_graph_names_them),
		cmocka_unit_test(a_collection_that_is_cut_short_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
