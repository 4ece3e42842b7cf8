/* A SavedModel directory as a whole: which files must be there, which must not, and the verdict. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/console.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/parallel.h"
#include "base/stop.h"
#include "packaging/digest/fingerprint64.h"
#include "packaging/digest/sha256.h"
#include "packaging/savedmodel/dtype.h"
#include "packaging/savedmodel/file_reader.h"
#include "packaging/savedmodel/findings.h"
#include "packaging/savedmodel/saved_model.h"
#include "packaging/savedmodel/saved_model_check.h"
#include "table_maker.h"

#define SHARD "variables/variables.data-00000-of-00001"
#define INDEX "variables/variables.index"

static char folder[] = "/tmp/test_saved_model.XXXXXX";

static void write_file(const char *name, const void *bytes, size_t size)
{
	struct fail f;
	char *path = file_join(folder, name);
	char *parent = file_folder(path);
	assert_int_equal(file_make_directories(parent, &f), 0);
	assert_int_equal(file_store(path, bytes, size, &f), 0);
	free(parent);
	free(path);
}

static void remove_file(const char *name)
{
	char *path = file_join(folder, name);
	unlink(path);
	free(path);
}

static void write_text(const char *name, struct text *text)
{
	write_file(name, text_string(text), text->size);
	text_release(text);
}

/* Gives the checksum that its fingerprint has: its maps are in order. */
static uint64_t write_graph(bool with_saver)
{
	struct text model = {0}, graph = {0}, info = {0}, nodes = {0}, node = {0};
	struct text signature = {0}, entry = {0}, asset = {0};
	put_string(&info, 4, "serve");
	put_message(&graph, 1, &info);
	put_string(&node, 1, "n");
	put_message(&nodes, 1, &node);
	put_message(&graph, 2, &nodes);
	if (with_saver)
		put_string(&graph, 3, "");
	for (unsigned side = 1; side <= 2; side++) {
		struct text tensor = {0}, spec = {0};
		put_string(&spec, 1, "n:0");
		put_number(&spec, 2, DTYPE_FLOAT);
		put_string(&tensor, 1, "x");
		put_message(&tensor, 2, &spec);
		put_message(&signature, side, &tensor);
	}
	put_string(&entry, 1, "serving_default");
	put_message(&entry, 2, &signature);
	put_message(&graph, 5, &entry);
	put_string(&asset, 2, "words.txt");
	put_message(&graph, 6, &asset);
	put_message(&model, 2, &graph);
	uint64_t checksum = fingerprint64(model.data, model.size);
	write_text("saved_model.pb", &model);
	return checksum;
}

/* A sound model of one float, with an asset and a fingerprint of the index. */
static void write_model(float value)
{
	struct table_maker maker = {0};
	struct text fingerprint = {0}, version = {0};
	struct made_entry entry = {
		.dtype = DTYPE_FLOAT, .size = 4, .crc = crc32c_mask(crc32c_add(0, &value, 4))};
	add_header(&maker, 1);
	add_entry(&maker, "weight", 6, &entry);
	table_maker_finish(&maker);
	put_number(&fingerprint, 1, write_graph(true));
	for (unsigned i = 2; i <= 4; i++)
		put_number(&fingerprint, i, i);
	put_number(&fingerprint, 5, fingerprint64(maker.file.data, maker.file.size));
	put_number(&version, 1, 4);
	put_message(&fingerprint, 6, &version);
	put_string(&fingerprint, 7, "1");
	write_text("fingerprint.pb", &fingerprint);
	write_text(INDEX, &maker.file);
	write_file(SHARD, &value, 4);
	write_file("assets/words.txt", "fish\n", 5);
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL;
}

static int remove_files(void **state)
{
	struct file_list list;
	struct fail f;
	(void)state;
	if (file_list_read(folder, 100, &list, &f) != 0)
		return -1;
	for (size_t i = 0; i < list.count; i++)
		remove_file(list.entries[i].path);
	file_list_release(&list);
	return 0;
}

static int remove_folder(void **state)
{
	static const char *const folders[] = {"assets", "variables", "other", "."};
	if (remove_files(state) != 0)
		return -1;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		char *path = i < 3 ? file_join(folder, folders[i]) : text_copy(folder);
		rmdir(path);
		free(path);
	}
	return 0;
}

/* Reads the model and gives the error text of the verdict, "" for a sound one. */
static const char *verdict(bool allow_nonfinite)
{
	static struct fail f;
	struct saved_model model;
	assert_int_equal(saved_model_read(folder, NULL, &model, &f), 0);
	f.text[0] = '\0';
	if (saved_model_check(
		    &model, (struct saved_model_allowed){.nonfinite = allow_nonfinite}, &f) != 0)
		assert_int_equal(f.status, STATUS_UNACCEPTABLE);
	saved_model_release(&model);
	return f.text;
}

static void a_sound_model_is_read_whole(void **state)
{
	struct saved_model model;
	struct fail f;
	char digest[SHA256_HEX];
	(void)state;
	write_model(1.5f);
	assert_int_equal(saved_model_read(folder, NULL, &model, &f), 0);
	assert_int_equal(model.finding_count, 0);
	assert_int_equal(saved_model_check(&model, (struct saved_model_allowed){0}, &f), 0);
	assert_int_equal(model.tensor_count, 1);
	assert_int_equal(model.parameter_count, 1);
	assert_int_equal(model.tensor_bytes, 4);
	assert_int_equal(model.shard_count, 1);
	assert_int_equal(model.file_count, 5);
	assert_string_equal(model.files[0].path, "assets/words.txt");
	assert_int_equal(model.files[0].size, 5);
	sha256_of("fish\n", 5, digest);
	assert_string_equal(model.files[0].sha256, digest);
	assert_string_equal(model.files[4].path, INDEX);
	assert_non_null(saved_model_signature(&model, "serving_default"));
	assert_null(saved_model_signature(&model, "other"));
	saved_model_release(&model);
	saved_model_release(&model);
}

static void a_missing_file_is_named(void **state)
{
	static const struct {
		const char *file, *verdict;
	} rows[] = {
		{"saved_model.pb", "saved_model.pb: not there"},
		{"fingerprint.pb", ""},
		{"assets/words.txt", "assets/words.txt: not there, though the graph names it as an "
				     "asset"},
		{SHARD, SHARD ": not there"},
		{INDEX, "fingerprint.pb: it names a checkpoint, but " INDEX
			" is not there (and 1 more finding)"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		write_model(1);
		remove_file(rows[i].file);
		assert_string_equal(verdict(false), rows[i].verdict);
	}
}

static void a_model_may_have_no_variables(void **state)
{
	(void)state;
	write_model(1);
	write_graph(false);
	remove_file(SHARD);
	remove_file(INDEX);
	remove_file("fingerprint.pb");
	assert_string_equal(verdict(false), "");
	write_graph(true);
	assert_string_equal(
		verdict(false), INDEX ": not there, though the graph restores variables from it");
}

static void another_shard_is_refused_and_another_file_noted(void **state)
{
	struct saved_model model;
	struct fail f;
	(void)state;
	write_model(1);
	write_file("variables/variables.data-00001-of-00002", "x", 1);
	assert_string_equal(verdict(false), "variables/variables.data-00001-of-00002: a shard that "
					    "the index does not know: it names 1");
	remove_file("variables/variables.data-00001-of-00002");
	write_file("other/readme.txt", "x", 1);
	assert_int_equal(saved_model_read(folder, NULL, &model, &f), 0);
	assert_int_equal(model.finding_count, 1);
	assert_int_equal(model.findings[0].weight, FINDING_NOTE);
	assert_string_equal(model.findings[0].file, "other/readme.txt");
	assert_int_equal(saved_model_check(&model, (struct saved_model_allowed){0}, &f), 0);
	saved_model_release(&model);
	remove_file("other/readme.txt");
}

static void weights_of_another_export_are_refused(void **state)
{
	struct text index = {0};
	struct fail f;
	char *path = file_join(folder, INDEX);
	(void)state;
	write_model(2);
	assert_int_equal(file_read(path, 1 << 20, &index, &f), 0);
	write_model(3);
	write_text(INDEX, &index);
	write_file(SHARD, &(float){2}, 4);
	assert_non_null(strstr(verdict(false), "fingerprint.pb: its checkpoint_hash is"));
	free(path);
}

static void a_graph_of_another_export_is_refused(void **state)
{
	(void)state;
	write_model(1);
	write_graph(false);
	assert_non_null(strstr(verdict(false), "saved_model.pb: its checksum is"));
}

static void nonfinite_weights_are_a_matter_of_choice(void **state)
{
	const uint32_t bits = 0x7f800000;
	float inf;
	(void)state;
	memcpy(&inf, &bits, sizeof(inf));
	write_model(inf);
	assert_string_equal(
		verdict(false), SHARD ": offset 0: weight: 0 NaN and 1 Inf, the first here");
	assert_string_equal(verdict(true), "");
}

static void damage_outranks_nan_and_is_counted(void **state)
{
	const uint32_t bits = 0x7f800000;
	float inf;
	(void)state;
	memcpy(&inf, &bits, sizeof(inf));
	write_model(inf);
	remove_file("saved_model.pb");
	assert_string_equal(verdict(false), "saved_model.pb: not there (and 1 more finding)");
	assert_string_equal(verdict(true), "saved_model.pb: not there");
}

static void a_folder_that_is_not_there_is_a_failure(void **state)
{
	struct saved_model model;
	struct fail f;
	(void)state;
	assert_int_equal(saved_model_read("/nowhere/model", NULL, &model, &f), -1);
	assert_int_equal(f.status, STATUS_MISSING);
	assert_null(model.files);
}

#define SHARDS 6
#define TENSORS 400 /* in each shard */
#define FLOATS 256  /* in each tensor */
#define OTHERS 70   /* more than are begun at once */

/* The first three shards have a NaN in every tensor, which is more than are listed; in the fourth
 * every hundredth tensor is not what the index says. */
static void fill_tensor(float *values, size_t shard, size_t tensor)
{
	const uint32_t bits = 0x7fc00000;
	for (size_t i = 0; i < FLOATS; i++)
		values[i] = (float)(shard * 1000 + tensor) + (float)i / FLOATS;
	if (shard < 3)
		memcpy(&values[tensor % FLOATS], &bits, sizeof(bits));
}

static void add_shard(struct table_maker *maker, size_t shard, struct text *bytes)
{
	float values[FLOATS];
	for (size_t i = 0; i < TENSORS; i++) {
		fill_tensor(values, shard, i);
		struct made_entry entry = {.dtype = DTYPE_FLOAT,
			.dims = {FLOATS},
			.rank = 1,
			.shard = shard,
			.offset = bytes->size,
			.size = sizeof(values),
			.crc = crc32c_mask(crc32c_add(0, values, sizeof(values)))};
		entry.crc ^= shard == 3 && i % 100 == 0 ? 1 : 0;
		char *key = text_format("%06zu", shard * TENSORS + i);
		add_entry(maker, key, strlen(key), &entry);
		free(key);
		text_add(bytes, values, sizeof(values));
	}
}

/* The fifth shard lacks the last two tensors and a half, the sixth has bytes of nobody. */
static void write_shard(size_t shard, struct text *bytes)
{
	char *name = text_format("variables/variables.data-%05zu-of-%05d", shard, SHARDS);
	if (shard == 4)
		bytes->size -= 5 * FLOATS * sizeof(float) / 2;
	if (shard == 5)
		text_add_string(bytes, "nobody's");
	write_text(name, bytes);
	free(name);
}

/* A model of many shards, one of another model and many small files, most of them damaged. */
static void write_large_model(void)
{
	struct table_maker maker = {.block_entries = 100};
	write_model(1);
	remove_file("fingerprint.pb");
	add_header(&maker, SHARDS);
	for (size_t shard = 0; shard < SHARDS; shard++) {
		struct text bytes = {0};
		add_shard(&maker, shard, &bytes);
		write_shard(shard, &bytes);
	}
	table_maker_finish(&maker);
	write_text(INDEX, &maker.file);
	for (int i = 0; i < OTHERS; i++) {
		char *name = text_format("other/%02d", i);
		write_file(name, name, strlen(name));
		free(name);
	}
}

static void assert_same_finding(const struct finding *a, const struct finding *b)
{
	assert_int_equal(a->weight, b->weight);
	assert_string_equal(a->file, b->file);
	assert_int_equal(a->offset, b->offset);
	assert_string_equal(
		a->tensor != NULL ? a->tensor : "-", b->tensor != NULL ? b->tensor : "-");
	assert_string_equal(a->text, b->text);
}

static void assert_same_model(const struct saved_model *a, const struct saved_model *b)
{
	assert_int_equal(a->file_count, b->file_count);
	for (size_t i = 0; i < a->file_count; i++) {
		assert_string_equal(a->files[i].path, b->files[i].path);
		assert_string_equal(a->files[i].sha256, b->files[i].sha256);
	}
	assert_int_equal(a->finding_count, b->finding_count);
	for (size_t i = 0; i < a->finding_count; i++)
		assert_same_finding(&a->findings[i], &b->findings[i]);
	assert_int_equal(a->nan_count, b->nan_count);
	assert_int_equal(a->tensor_count, b->tensor_count);
	assert_int_equal(a->tensor_bytes, b->tensor_bytes);
}

static void any_number_of_threads_finds_the_same(void **state)
{
	struct saved_model one, more;
	struct progress progress;
	struct fail f;
	const struct finding *last;
	(void)state;
	write_large_model();
	assert_int_equal(saved_model_read_on(folder, 1, NULL, &one, &f), 0);
	assert_int_equal(one.nan_count, 3 * TENSORS);
	/* NaN and how many more of it, four checksums, three tensors cut off, bytes of nobody, a
	 * shard of nobody */
	assert_int_equal(one.finding_count, FINDINGS_MAX + 1 + 4 + 3 + 1 + 1 + OTHERS);
	last = &one.findings[one.finding_count - 1];
	assert_string_equal(last->text, "200 more findings of this kind");
	for (unsigned threads = 2; threads <= PARALLEL_THREADS_MAX; threads++) {
		assert_int_equal(saved_model_read_on(folder, threads, &progress, &more, &f), 0);
		assert_same_model(&one, &more);
		saved_model_release(&more);
	}
	saved_model_release(&one);
	remove_files(state);
}

static void the_deadline_ends_all_threads(void **state)
{
	struct saved_model model;
	struct fail f;
	write_large_model();
	stop_limit(deadline_in(0));
	int result = saved_model_read_on(folder, PARALLEL_THREADS_MAX, NULL, &model, &f);
	stop_limit((struct deadline){0});
	assert_int_equal(result, -1);
	assert_int_equal(f.status, STATUS_LATER);
	assert_string_equal(f.text, "the deadline is over");
	assert_null(model.files);
	remove_files(state);
}

static void a_dropped_file_is_read_no_further(void **state)
{
	struct file_reader reader;
	struct tree tree;
	struct fail f;
	atomic_bool dropped = false;
	const uint8_t *bytes;
	size_t size;
	(void)state;
	write_file("other/file", "bytes", 5);
	assert_int_equal(tree_open(folder, &tree, &f), 0);
	assert_int_equal(file_reader_open(&reader, &tree, "other/file", NULL, &f), 0);
	reader.dropped = &dropped;
	assert_int_equal(file_reader_lend(&reader, 5, &bytes, &size, &f), 0);
	atomic_store(&dropped, true);
	assert_int_equal(file_reader_lend(&reader, 5, &bytes, &size, &f), -1);
	file_reader_release(&reader);
	tree_release(&tree);
	remove_file("other/file");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sound_model_is_read_whole),
		cmocka_unit_test(a_missing_file_is_named),
		cmocka_unit_test(a_model_may_have_no_variables),
		cmocka_unit_test(another_shard_is_refused_and_another_file_noted),
		cmocka_unit_test(weights_of_another_export_are_refused),
		cmocka_unit_test(a_graph_of_another_export_is_refused),
		cmocka_unit_test(nonfinite_weights_are_a_matter_of_choice),
		cmocka_unit_test(damage_outranks_nan_and_is_counted),
		cmocka_unit_test(a_folder_that_is_not_there_is_a_failure),
		cmocka_unit_test(any_number_of_threads_finds_the_same),
		cmocka_unit_test(the_deadline_ends_all_threads),
		cmocka_unit_test(a_dropped_file_is_read_no_further),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
