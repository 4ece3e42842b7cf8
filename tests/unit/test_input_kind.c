/* What is given in place of a SavedModel directory, and what is said of it. */
#include "unit.h"

#include "base/text.h"
#include "packaging/savedmodel/input_kind.h"

static char *folder;

static const char *in(const char *name)
{
	return unit_path(folder, name);
}

static int make_folder(void **state)
{
	(void)state;
	folder = unit_folder();
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unit_folder_remove(folder);
	return 0;
}

static void urls_are_told_from_paths(void **state)
{
	static const struct {
		const char *path;
		bool is_url;
		const char *shown, *hint;
	} rows[] = {
		{"s3://bucket/model", true, "s3://bucket/model", "aws s3 cp --recursive"},
		{"S3A://bucket/model", true, "S3A://bucket/model", "aws s3 cp --recursive"},
		{"gs://bucket/model", true, "gs://bucket/model", "gcloud storage cp"},
		{"hdfs:///model", true, "hdfs:///model", "hdfs dfs -get"},
		{"wasbs://c@a.blob.core.windows.net/m?sig=x", true,
			"wasbs://a.blob.core.windows.net/m", "azcopy"},
		{"http://user:word@host/m?token=x#y", true, "http://host/m", "copy it to a local"},
		{"https://a@b@host", true, "https://host", "copy it to a local"},
		{"ftp://host/path@home", true, "ftp://host/path@home", "copy it to a local"},
		{"models:/fish/Production", true, "models:/fish/Production", "logged_model"},
		{"runs:/0123/model", true, "runs:/0123/model", "logged_model"},
		{"mlflow-artifacts:/0/1", true, "mlflow-artifacts:/0/1", "logged_model"},
		{"file:///tmp/model", true, "file:///tmp/model", "without the scheme"},
		{"file:/tmp/model", true, "file:/tmp/model", "without the scheme"},
		{"dbfs:/model", true, "dbfs:/model", "/dbfs/"},
		{"model", false, "model", NULL},
		{"/tmp/s3://bucket", false, "/tmp/s3://bucket", NULL},
		{"./s3://bucket", false, "./s3://bucket", NULL},
		{"a:b", false, "a:b", NULL},
		{"mine:/model", false, "mine:/model", NULL}, /* a folder may be called so */
		{"://x", false, "://x", NULL},
		{"3s://x", false, "3s://x", NULL},
		{"", false, "", NULL},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fail f = {0};
		char *shown = input_show(rows[i].path);
		assert_row(input_is_url(rows[i].path) == rows[i].is_url, rows[i].path);
		assert_row(strcmp(shown, rows[i].shown) == 0, rows[i].path);
		free(shown);
		if (!rows[i].is_url)
			continue;
		assert_failure(input_check(rows[i].path, &f), f, STATUS_UNACCEPTABLE,
			"a URL, not a local directory");
		assert_contains(f.hint, rows[i].hint);
	}
}

static void a_file_is_named_by_what_it_is(void **state)
{
	static const struct {
		const char *name, *bytes;
		size_t size;
		const char *text, *hint;
	} rows[] = {
		{"a.keras", "PK\3\4", 4, "a Keras file, not a SavedModel directory",
			"model.export"},
		{"b.keras", "", 0, "a Keras file,", "model.export"},
		{"a.h5", "x", 1, "a Keras HDF5 file,", "model.export"},
		{"weights", "\x89HDF\r\n\x1a\n.", 9, "a Keras HDF5 file,", "model.export"},
		{"model", "\x1c\0\0\0TFL3", 8, "a TensorFlow Lite model,", "converted"},
		{"saved_model.pb", "\x08\x01", 2, "the graph of a SavedModel,",
			"the directory that holds it"},
		{"frozen.pb", "\x08\x01", 2, "a frozen graph,", "model.export"},
		{"model.ckpt", "x", 1, "a TensorFlow checkpoint,", "model.export"},
		{"model.onnx", "x", 1, "an ONNX model,", "SavedModel"},
		{"model.pth", "x", 1, "a PyTorch model,", "SavedModels"},
		{"model.zip", "PK\3\4", 4, "a ZIP archive,", "unpack"},
		{"package", "\x1f\x8b\x08", 3, "an archive,", "modelhook replay"},
		{"c.keras", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n", 57,
			"a Git LFS pointer,", "git lfs pull"},
		{"annex", "/annex/objects/SHA256E-s3--0\n", 29, "a git-annex pointer,",
			"git annex get"},
		{"empty", "", 0, "an empty file,", "saved_model.pb"},
		{"notes.txt", "hello", 5, "a file,", "saved_model.pb"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fail f = {0};
		FILE *file = fopen(in(rows[i].name), "w");
		assert_int_equal(fwrite(rows[i].bytes, 1, rows[i].size, file), rows[i].size);
		fclose(file);
		assert_failure(
			input_check(in(rows[i].name), &f), f, STATUS_UNACCEPTABLE, rows[i].text);
		assert_contains(f.hint, rows[i].hint);
		assert_row(input_is_gzip(in(rows[i].name)) == (rows[i].bytes[0] == '\x1f'),
			rows[i].name);
	}
}

static void a_directory_is_named_by_what_lies_in_it(void **state)
{
	static const struct {
		const char *made; /* by the shell */
		const char *text, *hint;
	} rows[] = {
		{"mkdir 1 && touch 1/saved_model.pb",
			"a directory of numbered versions, as for TensorFlow Serving: "
			"saved_model.pb is in 1/",
			"/m/1"},
		{"mkdir 2 10 9 a && touch 2/saved_model.pb 10/saved_model.pb 9/saved_model.pb "
		 "a/saved_model.pb",
			"saved_model.pb is in 10/", "/m/10"},
		{"mkdir b a && touch a/saved_model.pb b/saved_model.pb",
			"the directory above a SavedModel: saved_model.pb is in a/", "/m/a"},
		{"mkdir data && touch MLmodel data/saved_model.pb", "an MLflow model,",
			"logged_model"},
		{"touch final.keras", "a directory with a Keras file,", "model.export"},
		{"touch checkpoint ckpt-1.index",
			"a TensorFlow checkpoint: weights without a graph", "model.export"},
		{"touch model.json group1-shard1of1.bin", "a TensorFlow.js model,", "SavedModel"},
		{":", "an empty directory,", "exported"},
		{"mkdir variables", NULL, NULL}, /* what is missing is said when it is read */
		{"touch saved_model.pb final.keras", NULL, NULL},
		{"touch saved_model.pbtxt; mkdir 1; touch 1/saved_model.pb", NULL, NULL},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fail f = {0};
		char *command = text_format(
			"cd %s && rm -rf m && mkdir m && cd m && %s", folder, rows[i].made);
		assert_int_equal(system(command), 0);
		free(command);
		if (rows[i].text == NULL) {
			assert_int_equal(input_check(in("m"), &f), 0);
			continue;
		}
		assert_failure(input_check(in("m"), &f), f, STATUS_UNACCEPTABLE, rows[i].text);
		assert_contains(f.hint, rows[i].hint);
	}
}

static void what_is_neither_is_refused_without_waiting(void **state)
{
	struct fail f = {0};
	(void)state;
	assert_int_equal(mkfifo(in("fifo.tar.gz"), 0666), 0);
	assert_false(input_is_gzip(in("fifo.tar.gz")));
	assert_failure(input_check(in("fifo.tar.gz"), &f), f, STATUS_UNACCEPTABLE, "a FIFO");
	assert_failure(input_check("/dev/zero", &f), f, STATUS_UNACCEPTABLE, "a device");
	assert_failure(input_check(in("none"), &f), f, STATUS_MISSING, "No such file");
	assert_int_equal(symlink("nowhere", in("link")), 0);
	assert_failure(input_check(in("link"), &f), f, STATUS_MISSING, "No such file");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(urls_are_told_from_paths),
		TEST(a_file_is_named_by_what_it_is),
		TEST(a_directory_is_named_by_what_lies_in_it),
		TEST(what_is_neither_is_refused_without_waiting),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
