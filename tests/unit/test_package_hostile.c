#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "packaging/package/handoff.h"
#include "packaging/package/handoff_read.h"
#include "packaging/package/manifest.h"
#include "packaging/package/package.h"
#include "packaging/package/package_read.h"
#include "packaging/package/package_write.h"
#include "packaging/savedmodel/dtype.h"
#include "tarball.h"

#define RUN "0123456789abcdef0123456789abcdef"
#define HANDOFF                                                                                    \
	"{\"schema\":\"modelhook/handoff@1\",\"run_id\":\"" RUN "\",\"model\":\"fish\","           \
	"\"trained_at\":\"2026-11-22T20:03:17Z\",\"saved_model\":\".\"}"

static char folder[] = "/tmp/modelhook-hostile-XXXXXX";
static char *good, *bad;

/* A package that is right, in the file `good`. */
static int make_good(void **state)
{
	static int64_t dims[] = {-1, 8};
	static struct tensor_spec spec = {.key = (char *)"x",
		.name = (char *)"x:0",
		.dtype = DTYPE_FLOAT,
		.rank = 2,
		.dims = dims};
	static struct signature_def def = {.key = (char *)"serving_default",
		.inputs = &spec,
		.input_count = 1,
		.outputs = &spec,
		.output_count = 1};
	struct saved_model_file file = {.path = (char *)"saved_model.pb", .size = 6};
	static char *tags[] = {(char *)"serve"};
	struct saved_model model = {.tags = tags,
		.tag_count = 1,
		.signatures = &def,
		.signature_count = 1,
		.files = &file,
		.file_count = 1};
	struct handoff handoff;
	struct manifest manifest;
	struct fail f = {0};
	(void)state;
	assert_non_null(mkdtemp(folder));
	good = file_join(folder, "good.tar.gz");
	bad = file_join(folder, "bad.tar.gz");
	char *graph = file_join(folder, "saved_model.pb");
	sha256_of("graph\n", 6, file.sha256);
	if (file_store(graph, "graph\n", 6, &f) != 0 ||
		handoff_parse(HANDOFF, strlen(HANDOFF), folder, &handoff, &f) != 0 ||
		package_plan(&handoff, &model, &manifest, &f) != 0)
		fail_msg("%s", f.text);
	package_settle(&manifest, "{\"gates\":[1]}");
	if (package_write(&manifest, good, false, NULL, NULL, &f) != 0)
		fail_msg("%s", f.text);
	manifest_release(&manifest);
	handoff_release(&handoff);
	free(graph);
	return 0;
}

static int drop_good(void **state)
{
	char *command = text_format("rm -rf '%s'", folder);
	(void)state;
	assert_int_equal(system(command), 0);
	free(command);
	free(good);
	free(bad);
	return 0;
}

/* The entries of the good package, in order. */
enum { MANIFEST, MLMODEL, LOADER, CONDA, PYTHON_ENV, REQUIREMENTS, GRAPH, SETTINGS, COUNT };

static void set_name(struct tarball *tar, size_t entry, const char *name)
{
	snprintf(tar->entries[entry].name, sizeof(tar->entries[entry].name), "%s", name);
}

static void set_data(struct tarball_entry *entry, const char *data, size_t size)
{
	text_clear(&entry->data);
	text_add(&entry->data, data, size);
	entry->claimed = size;
}

/* Replace the first `from` in the manifest by `to`. */
static void edit_manifest(struct tarball *tar, const char *from, const char *to)
{
	struct text text = {0};
	struct tarball_entry *entry = &tar->entries[MANIFEST];
	char *at = strstr(entry->data.data, from);
	assert_non_null(at);
	text_add(&text, entry->data.data, (size_t)(at - entry->data.data));
	text_add_string(&text, to);
	text_add_string(&text, at + strlen(from));
	set_data(entry, text.data, text.size);
	text_release(&text);
}

/* Other data for an entry, with a manifest that agrees. */
static void forge(struct tarball *tar, size_t entry, const char *data)
{
	struct tarball_entry *forged = &tar->entries[entry];
	char from[160], to[160], sha256[SHA256_HEX];
	sha256_of(forged->data.data, forged->data.size, sha256);
	snprintf(from, sizeof(from), "\"sha256\":\"%s\",\"size\":%zu", sha256, forged->data.size);
	sha256_of(data, strlen(data), sha256);
	snprintf(to, sizeof(to), "\"sha256\":\"%s\",\"size\":%zu", sha256, strlen(data));
	edit_manifest(tar, from, to);
	set_data(forged, data, strlen(data));
}

static void insert_entry(struct tarball *tar, size_t at, const char *name, char type)
{
	memmove(&tar->entries[at + 1], &tar->entries[at],
		(tar->count - at) * sizeof(tar->entries[0]));
	tar->entries[at] = (struct tarball_entry){.type = type};
	tar->count++;
	set_name(tar, at, name);
}

static void remove_entry(struct tarball *tar, size_t at)
{
	text_release(&tar->entries[at].data);
	tar->count--;
	memmove(&tar->entries[at], &tar->entries[at + 1],
		(tar->count - at) * sizeof(tar->entries[0]));
}

/* One attack: how the package is altered, and what must be said about it. The generic ones take
 * their arguments from the row. */
struct row {
	void (*alter)(struct tarball *tar, const struct row *row);
	const char *said;
	size_t entry;
	const char *from, *to;
	char type;
};

static void rename_it(struct tarball *tar, const struct row *row)
{
	set_name(tar, row->entry, row->to);
}

static void insert(struct tarball *tar, const struct row *row)
{
	insert_entry(tar, row->entry, row->to, row->type);
}

static void drop(struct tarball *tar, const struct row *row)
{
	remove_entry(tar, row->entry);
}

static void edit(struct tarball *tar, const struct row *row)
{
	edit_manifest(tar, row->from, row->to);
}

static void forge_it(struct tarball *tar, const struct row *row)
{
	forge(tar, row->entry, row->to);
}

static void set_it(struct tarball *tar, const struct row *row)
{
	set_data(&tar->entries[row->entry], row->to, strlen(row->to));
}

static void link_it(struct tarball *tar, const struct row *row)
{
	tar->entries[GRAPH].type = row->type;
	strcpy(tar->entries[GRAPH].link, row->to);
	set_data(&tar->entries[GRAPH], "", 0);
}

static void put_before(struct tarball *tar, const struct row *row)
{
	tarball_block(&tar->entries[GRAPH].before, row->from, row->type, row->to);
}

static void swap(struct tarball *tar, const struct row *row)
{
	struct tarball_entry entry = tar->entries[row->entry];
	tar->entries[row->entry] = tar->entries[row->entry + 1];
	tar->entries[row->entry + 1] = entry;
}

static void put_behind(struct tarball *tar, const struct row *row)
{
	text_add_string(&tar->behind_tar, row->to);
}

static void nothing(struct tarball *tar, const struct row *row)
{
	(void)row;
	while (tar->count > 0)
		remove_entry(tar, 0);
}

static void one_more_generated(struct tarball *tar, const struct row *row)
{
	(void)row;
	edit_manifest(tar, "{\"path\":\"conda.yaml\"",
		"{\"path\":\"code/sitecustomize.py\",\"sha256\":"
		"\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\",\"size\":0},"
		"{\"path\":\"conda.yaml\"");
	insert_entry(tar, CONDA, "model/code/sitecustomize.py", '0');
}

static void file_twice(struct tarball *tar, const struct row *row)
{
	(void)row;
	char *end = strstr(tar->entries[MANIFEST].data.data, "],\"handoff\"");
	char *last = strstr(tar->entries[MANIFEST].data.data, "{\"path\":\"saved_model/");
	char *more = text_format(",%.*s],\"handoff\"", (int)(end - last), last);
	edit_manifest(tar, "],\"handoff\"", more);
	free(more);
}

static void huge_manifest(struct tarball *tar, const struct row *row)
{
	(void)row;
	tar->entries[MANIFEST].claimed = 1 << 30;
}

static void bomb_in_manifest(struct tarball *tar, const struct row *row)
{
	(void)row;
	char *zeros = memory_get(40 << 20, 1);
	set_data(&tar->entries[MANIFEST], zeros, 40 << 20);
	free(zeros);
}

static void bomb_behind(struct tarball *tar, const struct row *row)
{
	(void)row;
	char *zeros = memory_get(40000, 1);
	text_add(&tar->behind_tar, zeros, 40000);
	free(zeros);
}

static void bomb_in_long_name(struct tarball *tar, const struct row *row)
{
	(void)row;
	char *name = memory_get((500 << 10) + 1, 1);
	memset(name, 'a', 500 << 10);
	tarball_block(&tar->entries[GRAPH].before, "././@LongLink", 'L', name);
	free(name);
}

static void cut_gzip(struct tarball *tar, const struct row *row)
{
	(void)row;
	tar->cut = 12;
}

static void cut_trailer(struct tarball *tar, const struct row *row)
{
	(void)row;
	tar->cut = 1;
}

static void cut_tar(struct tarball *tar, const struct row *row)
{
	(void)row;
	tar->without_end = true;
	tar->entries[GRAPH].claimed = 6;
	remove_entry(tar, GRAPH);
}

static void behind_gzip(struct tarball *tar, const struct row *row)
{
	(void)row;
	text_add(&tar->behind_gzip, "\0", 1);
}

static void second_member(struct tarball *tar, const struct row *row)
{
	(void)row;
	struct text more = {0};
	text_add_string(&more, "more");
	tarball_gzip(&more, &tar->behind_gzip);
	text_release(&more);
}

static void second_tar(struct tarball *tar, const struct row *row)
{
	(void)row;
	tarball_block(&tar->behind_tar, "model/evil", '0', "evil");
}

static void far_behind_tar(struct tarball *tar, const struct row *row)
{
	(void)row;
	static const char zeros[9000];
	text_add(&tar->behind_tar, zeros, sizeof(zeros));
	text_add_string(&tar->behind_tar, "hidden");
}

static void huge_settings(struct tarball *tar, const struct row *row)
{
	(void)row;
	char *spaces = memory_get(SETTINGS_BYTES + 1, 1);
	memset(spaces, ' ', SETTINGS_BYTES + 1);
	set_data(&tar->entries[SETTINGS], spaces, SETTINGS_BYTES + 1);
	free(spaces);
}

static void settings_twice(struct tarball *tar, const struct row *row)
{
	(void)row;
	insert_entry(tar, COUNT, SETTINGS_NAME, '0');
	set_data(&tar->entries[COUNT], "{}", 2);
}

/* What stands for the settings in the manifest, with the comma behind it, becomes `instead`. */
static void state_settings(struct tarball *tar, const char *instead)
{
	char *at = strstr(tar->entries[MANIFEST].data.data, "\"settings\":");
	char *stated = text_format("%.*s", (int)(strchr(at, ',') + 1 - at), at);
	edit_manifest(tar, stated, instead);
	free(stated);
}

static void absent_settings(struct tarball *tar, const struct row *row)
{
	(void)row;
	state_settings(tar, "\"settings\":null,");
}

static void old_settings(struct tarball *tar, const struct row *row)
{
	(void)row;
	state_settings(tar, "");
	set_data(&tar->entries[SETTINGS], "{", 1);
}

static void gnu_sparse(struct tarball *tar, const struct row *row)
{
	(void)row;
	set_data(&tar->entries[GRAPH], "graph", 5);
	tar->entries[GRAPH].type = 'S';
}

static const struct row rows[] = {
	{rename_it, "/etc/passwd: absolute", GRAPH, .to = "/etc/passwd"},
	{rename_it, "has a part \"..\"", GRAPH, .to = "model/../../etc/passwd"},
	{rename_it, "has a part \".\"", GRAPH, .to = "./model/saved_model/saved_model.pb"},
	{rename_it, "has a backslash", GRAPH, .to = "model\\..\\evil"},
	{rename_it, "model/\\x1b[2Jx: has a control character", GRAPH, .to = "model/\033[2Jx"},
	{rename_it, "model/\\xff: has a control character or is not UTF-8", GRAPH,
		.to = "model/\xff"},
	{rename_it, "entry 7: without a name", GRAPH, .to = ""},
	{link_it, "saved_model.pb: a link", .to = "/etc/passwd", .type = '2'},
	{link_it, "saved_model.pb: a link", .to = "model/MLmodel", .type = '1'},
	{insert, "zero: not a regular file", GRAPH, .to = "model/saved_model/zero", .type = '3'},
	{insert, "zero: not a regular file", GRAPH, .to = "model/saved_model/zero", .type = '4'},
	{insert, "model/saved_model: not a regular file", GRAPH, .to = "model/saved_model",
		.type = '5'},
	{insert, "pipe: not a regular file", GRAPH, .to = "model/saved_model/pipe", .type = '6'},
	{insert, "model/code/x.py: not named in the manifest", GRAPH, .to = "model/code/x.py",
		.type = '0'},
	{insert, "model/zz: not named in the manifest", COUNT, .to = "model/zz", .type = '0'},
	{insert, "evil: not named in the manifest", GRAPH, .to = "evil", .type = '0'},
	{insert, "requirements.txt: there twice", GRAPH, .to = "model/requirements.txt",
		.type = '0'},
	{insert, "model/MLmodel: there twice", COUNT, .to = "model/MLmodel", .type = '0'},
	{insert, "manifest.json: there twice", 1, .to = "manifest.json", .type = '0'},
	{drop, "model/conda.yaml: missing, or not in its place", CONDA},
	{drop, "model/saved_model/saved_model.pb: missing", GRAPH},
	{drop, "its first entry is not manifest.json", MANIFEST},
	{swap, "model/conda.yaml: missing, or not in its place", CONDA},
	{swap, "its first entry is not manifest.json", MANIFEST},
	{nothing, "its first entry is not manifest.json"},
	{set_it, "saved_model.pb: 14 bytes where the manifest says 6", GRAPH,
		.to = "graph\nand more"},
	{set_it, "saved_model.pb: SHA-256 is not the one", GRAPH, .to = "groph\n"},
	{forge_it, "modelhook_savedmodel_2.py: not what follows", LOADER, .to = "import os\n"},
	{forge_it, "MLmodel: not what follows from the handoff", MLMODEL, .to = "flavors: {}\n"},
	{forge_it, "requirements.txt: not what follows", REQUIREMENTS, .to = "evil\n"},
	{one_more_generated, "code/sitecustomize.py: neither a file of the SavedModel"},
	{edit, "not in canonical form, or its sums",
		.from = "\"model_bytes\":", .to = "\"model_bytes\":1"},
	{edit, "not in canonical form, or its sums", .from = "\"weights\":\"e3",
		.to = "\"weights\":\"e4"},
	{edit, "MLmodel: not what follows", .from = "\"model\":\"fish\"",
		.to = "\"model\":\"shark\""},
	{edit, "not in canonical form", .from = "\"model/saved_model\"", .to = "\"/etc\""},
	{edit, "not in canonical form", .from = "{", .to = "{ "},
	{edit, "manifest.json: and: unknown key", .from = "{", .to = "{\"and\":1,"},
	{edit, "manifest.json: tensors: given twice", .from = "{", .to = "{\"tensors\":0,"},
	{edit, "files[5].path: not a plain relative path: has a part \"..\"",
		.from = "saved_model/saved_model.pb", .to = "saved_model/../../evil"},
	{file_twice, "listed twice"},
	{edit, "schema: not modelhook/package@2", .from = "package@2", .to = "package@3"},
	{edit, "tags: not in modelhook/package@1", .from = "package@2", .to = "package@1"},
	{edit, "tags: none", .from = "\"tags\":[\"serve\"],", .to = ""},
	{edit, "MLmodel: not what follows", .from = "\"tags\":[\"serve\"]",
		.to = "\"tags\":[\"serve\",\"tpu\"]"},
	{set_it, "manifest.json: not JSON: line 1, column 5", MANIFEST, .to = "[[[["},
	{huge_manifest, "manifest.json: more than 3145728 bytes"},
	{bomb_in_manifest, "manifest.json: more than 3145728 bytes"},
	{bomb_behind, "expands beyond the sizes that its manifest states"},
	{bomb_in_long_name, "expands beyond the sizes that its manifest states"},
	{cut_gzip, "cut short: the gzip stream does not end"},
	{cut_trailer, "cut short: the gzip stream does not end"},
	{cut_tar, "model/saved_model/saved_model.pb: missing"},
	{behind_gzip, "bytes follow the end of the package"},
	{second_member, "bytes follow the end of the package"},
	{put_behind, "something follows the last entry of the archive", .to = "hidden"},
	{second_tar, "something follows the last entry of the archive"},
	{far_behind_tar, "something follows the last entry of the archive"},
	{put_before, "/etc/passwd: absolute", .from = "x", .to = "20 path=/etc/passwd\n",
		.type = 'x'},
	{put_before, "a tar header of a kind that no package has", .from = "x",
		.to = "41 path=model/saved_model/saved_model.pb\n", .type = 'x'},
	{put_before, "a tar header of a kind", .from = "x", .to = "9 size=0\n", .type = 'x'},
	{put_before, "a tar header of a kind", .from = "x", .to = "13 comment=x\n", .type = 'g'},
	{put_before, "", .from = "x", .to = "22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n",
		.type = 'x'},
	{insert, "saved_model.pb: missing, or not in its place", GRAPH, .to = SETTINGS_NAME,
		.type = '0'},
	{drop, "settings.json: missing", SETTINGS},
	{set_it, "settings.json: SHA-256 is not the one that the manifest says", SETTINGS,
		.to = "{\"gates\":[]}"},
	{edit, "neither 64 lower-case hex digits nor null", .from = "\"settings\":\"",
		.to = "\"settings\":\"g"},
	{absent_settings, "settings.json: not named in the manifest"},
	{old_settings, "settings.json: not JSON"},
	{huge_settings, "settings.json: more than 65536 bytes"},
	{settings_twice, "settings.json: there twice"},
	{gnu_sparse, "saved_model.pb: a sparse file"},
	{put_before, "a tar header of a kind", .from = "././@LongLink", .to = "model/conda.yaml",
		.type = 'L'},
	{put_before, "has a part \"..\"", .from = "././@LongLink", .to = "../../evil", .type = 'L'},
};

static void read_tarball(struct tarball *tar)
{
	struct text bytes = {0};
	struct fail f;
	assert_int_equal(file_read(good, 1 << 20, &bytes, &f), 0);
	tarball_read(&bytes, tar);
	text_release(&bytes);
	assert_int_equal(tar->count, COUNT);
}

static void write_bad(const struct tarball *tar)
{
	struct text bytes = {0};
	struct fail f;
	tarball_write(tar, &bytes);
	assert_int_equal(file_store(bad, bytes.data, bytes.size, &f), 0);
	text_release(&bytes);
}

/* So that each attack fails for its own reason. */
static void put_together_by_hand_it_is_still_taken(void **state)
{
	struct tarball tar;
	struct manifest manifest;
	struct fail f = {0};
	static const char zeros[8192];
	(void)state;
	read_tarball(&tar);
	text_add(&tar.behind_tar, zeros, sizeof(zeros)); /* as GNU tar fills up an archive */
	write_bad(&tar);
	if (package_read(bad, NULL, &manifest, &f) != 0)
		fail_msg("%s", f.text);
	manifest_release(&manifest);
	tarball_release(&tar);
}

/* Who takes them out of both places is not told from an earlier version: neither has any. */
static void a_package_that_does_not_state_its_settings_has_none(void **state)
{
	struct tarball tar;
	struct manifest manifest, whole;
	struct fail f = {0};
	(void)state;
	read_tarball(&tar);
	state_settings(&tar, "");
	write_bad(&tar);
	assert_int_equal(package_read(good, NULL, &whole, &f), 0);
	if (package_read(bad, NULL, &manifest, &f) != 0)
		fail_msg("%s", f.text);
	assert_true(whole.states_settings);
	assert_string_equal(whole.settings, "{\"gates\":[1]}");
	assert_false(manifest.states_settings);
	assert_null(manifest.settings);
	assert_string_equal(manifest.digest, whole.digest);
	assert_string_not_equal(manifest.whole, whole.whole);
	manifest_release(&whole);
	manifest_release(&manifest);
	tarball_release(&tar);
}

static void every_attack_is_refused_and_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tarball tar;
		struct manifest manifest;
		struct fail f = {0};
		read_tarball(&tar);
		rows[i].alter(&tar, &rows[i]);
		write_bad(&tar);
		if (package_read(bad, NULL, &manifest, &f) == 0)
			fail_msg("row %zu was taken; \"%s\" was expected", i, rows[i].said);
		if (f.status != STATUS_UNACCEPTABLE || strstr(f.text, rows[i].said) == NULL)
			fail_msg("row %zu: %d: \"%s\" where \"%s\" was expected", i, f.status,
				f.text, rows[i].said);
		assert_null(manifest.files);
		tarball_release(&tar);
	}
}

static void every_flipped_bit_and_every_cut_is_refused_or_harmless(void **state)
{
	struct text bytes = {0};
	struct manifest whole, manifest;
	struct fail f;
	(void)state;
	assert_int_equal(file_read(good, 1 << 20, &bytes, &f), 0);
	assert_int_equal(package_read(good, NULL, &whole, &f), 0);
	for (size_t at = 0; at < bytes.size; at += at < 64 ? 1 : 7) {
		bytes.data[at] ^= (char)(1 << at % 8);
		assert_int_equal(file_store(bad, bytes.data, bytes.size, &f), 0);
		/* some bits mean nothing, in gzip's header or before a stored block */
		if (package_read(bad, NULL, &manifest, &f) == 0) {
			assert_string_equal(manifest.digest, whole.digest);
			manifest_release(&manifest);
		}
		bytes.data[at] ^= (char)(1 << at % 8);
		assert_int_equal(file_store(bad, bytes.data, at, &f), 0);
		assert_int_equal(package_read(bad, NULL, &manifest, &f), -1);
	}
	manifest_release(&whole);
	text_release(&bytes);
}

static void what_is_not_there_or_no_file_is_not_a_package(void **state)
{
	struct manifest manifest;
	struct fail f = {0};
	(void)state;
	unlink(bad);
	assert_int_equal(package_read(bad, NULL, &manifest, &f), -1);
	assert_int_equal(f.status, STATUS_MISSING);
	assert_int_equal(package_read(folder, NULL, &manifest, &f), -1);
	assert_int_equal(file_store(bad, "", 0, &f), 0);
	assert_int_equal(package_read(bad, NULL, &manifest, &f), -1);
	assert_int_equal(f.status, STATUS_UNACCEPTABLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(put_together_by_hand_it_is_still_taken),
		cmocka_unit_test(every_attack_is_refused_and_named),
		cmocka_unit_test(a_package_that_does_not_state_its_settings_has_none),
		cmocka_unit_test(every_flipped_bit_and_every_cut_is_refused_or_harmless),
		cmocka_unit_test(what_is_not_there_or_no_file_is_not_a_package),
	};
	return cmocka_run_group_tests(tests, make_good, drop_good);
}
