#include <fcntl.h>
#include <locale.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/stop.h"
#include "base/text.h"
#include "packaging/package/handoff.h"
#include "packaging/package/handoff_read.h"
#include "packaging/package/manifest.h"
#include "packaging/package/package.h"
#include "packaging/package/package_read.h"
#include "packaging/package/package_write.h"
#include "packaging/savedmodel/dtype.h"

#define RUN "0123456789abcdef0123456789abcdef"
#define LONG_NAME                                                                                  \
	"assets/a-name-that-does-not-fit-into-the-hundred-bytes-that-a-tar-header-has-room-for-"   \
	"and-so-needs-another-way.txt"

/* What the SavedModel holds here; sorted by bytes. */
static const struct {
	const char *path;
	size_t size;
} contents[] = {
	{LONG_NAME, 3},
	{"assets/r\xc3\xa9sum\xc3\xa9.txt", 5000},
	{"saved_model.pb", 70000},
	{"variables/variables.data-00000-of-00001", 300001},
	{"variables/variables.index", 0},
};
#define CONTENT_COUNT (sizeof(contents) / sizeof(contents[0]))

static int64_t dims[] = {-1, 8};
static struct tensor_spec in_spec = {.key = (char *)"image",
	.name = (char *)"x:0",
	.dtype = DTYPE_FLOAT,
	.rank = 2,
	.dims = dims};
static struct tensor_spec out_spec = {
	.key = (char *)"probs", .name = (char *)"y:0", .dtype = DTYPE_FLOAT, .unknown_rank = true};
static struct signature_def def = {.key = (char *)"serving_default",
	.method = (char *)"tensorflow/serving/predict",
	.inputs = &in_spec,
	.input_count = 1,
	.outputs = &out_spec,
	.output_count = 1};

/* A folder with a SavedModel in `export`, its handoff and its inspection. */
struct job {
	char folder[64];
	struct handoff handoff;
	struct saved_model_file files[CONTENT_COUNT];
	struct saved_model model;
	struct manifest manifest;
	char *package;
};

static void write_contents(struct job *job)
{
	struct fail f;
	for (size_t i = 0; i < CONTENT_COUNT; i++) {
		char *bytes = memory_get(contents[i].size, 1);
		char *path = text_format("%s/export/%s", job->folder, contents[i].path);
		char *folder = file_folder(path);
		for (size_t at = 0; at < contents[i].size; at++)
			bytes[at] = (char)(at * at >> 5 ^ at * 7 ^ i);
		assert_int_equal(file_make_directories(folder, &f), 0);
		assert_int_equal(file_store(path, bytes, contents[i].size, &f), 0);
		job->files[i] = (struct saved_model_file){
			.path = (char *)contents[i].path, .size = contents[i].size};
		sha256_of(bytes, contents[i].size, job->files[i].sha256);
		free(folder);
		free(path);
		free(bytes);
	}
}

static void read_handoff(struct job *job, const char *more)
{
	struct fail f = {0};
	char *text =
		text_format("{\"schema\":\"modelhook/handoff@1\",\"run_id\":\"" RUN
			    "\",\"model\":\"fish %s\",\"trained_at\":\"2026-11-22T20:03:17Z\","
			    "\"metrics\":{\"val_accuracy\":0.9123},\"saved_model\":\"export\"%s}",
			"b\xc3\xa9", more);
	if (handoff_parse(text, strlen(text), job->folder, &job->handoff, &f) != 0)
		fail_msg("%s", f.text);
	free(text);
}

static char *tags[] = {(char *)"serve"};

static void make_job(struct job *job)
{
	*job = (struct job){.folder = "/tmp/modelhook-package-XXXXXX"};
	assert_non_null(mkdtemp(job->folder));
	write_contents(job);
	read_handoff(job, "");
	job->model = (struct saved_model){.tensorflow_version = (char *)"2.21.0",
		.tags = tags,
		.tag_count = 1,
		.signatures = &def,
		.signature_count = 1,
		.files = job->files,
		.file_count = CONTENT_COUNT,
		.parameter_count = 75000,
		.tensor_count = 4};
	job->package = text_format("%s/out.tar.gz", job->folder);
}

static void plan(struct job *job)
{
	struct fail f = {0};
	if (package_plan(&job->handoff, &job->model, &job->manifest, &f) != 0)
		fail_msg("%s", f.text);
}

static void pack(struct job *job)
{
	struct fail f = {0};
	plan(job);
	if (package_write(&job->manifest, job->package, false, NULL, NULL, &f) != 0)
		fail_msg("%s", f.text);
}

static void drop_job(struct job *job)
{
	char *command = text_format("rm -rf '%s'", job->folder);
	assert_int_equal(system(command), 0);
	free(command);
	manifest_release(&job->manifest);
	handoff_release(&job->handoff);
	free(job->package);
}

static void read_bytes(const char *path, struct text *bytes)
{
	struct fail f;
	assert_int_equal(file_read(path, 1 << 24, bytes, &f), 0);
}

static void a_package_reads_back_as_it_was_planned(void **state)
{
	struct job job;
	struct manifest manifest;
	struct fail f = {0};
	(void)state;
	make_job(&job);
	pack(&job);
	if (package_read(job.package, NULL, &manifest, &f) != 0)
		fail_msg("%s", f.text);
	assert_string_equal(manifest.digest, job.manifest.digest);
	assert_string_equal(manifest.weights, job.manifest.weights);
	assert_string_equal(manifest.tensorflow_version, "2.21.0");
	assert_int_equal(manifest.tag_count, 1);
	assert_string_equal(manifest.tags[0], "serve");
	assert_string_equal(manifest.handoff.saved_model, "model/saved_model");
	assert_true(manifest.parameter_count == 75000 && manifest.tensor_count == 4);
	assert_true(manifest.model_bytes == job.manifest.model_bytes);
	assert_int_equal(manifest.file_count, CONTENT_COUNT + 5);
	assert_string_equal(manifest.files[0].path, "MLmodel");
	assert_true(manifest.signatures[0].outputs[0].unknown_rank);
	char *name = package_name(&manifest);
	char *wanted = text_format("fish-b\xc3\xa9-01234567-%.12s.tar.gz", manifest.digest);
	assert_string_equal(name, wanted);
	free(name);
	free(wanted);
	manifest_release(&manifest);
	drop_job(&job);
}

static void a_package_is_named_after_its_model_in_any_script(void **state)
{
	static const struct {
		const char *model, *part;
	} rows[] = {
		{"fish", "fish"},
		{"fish classifier", "fish-classifier"},
		{" \xd1\x80\xd1\x8b\xd0\xb1\xd0\xb0  ", "\xd1\x80\xd1\x8b\xd0\xb1\xd0\xb0"},
		{"\xe9\xad\x9a\xe5\x88\x86\xe9\xa1\x9e", "\xe9\xad\x9a\xe5\x88\x86\xe9\xa1\x9e"},
		{"--all", "all"},
		{"../../etc", "..-..-etc"},
		{"a\xe2\x80\xae"
		 "b",
			"a-xe2-x80-xaeb"},
		{"   ", "model"},
		{"\xff", "xff"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct manifest manifest = {
			.handoff = {.model = (char *)rows[i].model, .run_id = (char *)"0123456789"},
			.digest = "abcdefabcdefabcdef"};
		char *name = package_name(&manifest);
		char *wanted = text_format("%s-01234567-abcdefabcdef.tar.gz", rows[i].part);
		assert_string_equal(name, wanted);
		free(name);
		free(wanted);
	}
}

/* Everything around the input that must not matter, changed. */
static void change_the_world(const struct job *job)
{
	struct timespec times[2] = {{.tv_sec = 86400}, {.tv_sec = 86400}};
	umask(0077);
	setenv("TZ", "Asia/Kamchatka", 1);
	tzset();
	setlocale(LC_ALL, "C.UTF-8");
	for (size_t i = 0; i < CONTENT_COUNT; i++) {
		char *path = text_format("%s/export/%s", job->folder, contents[i].path);
		assert_int_equal(chmod(path, 0700), 0);
		assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
		free(path);
	}
}

static void the_same_input_gives_the_same_bytes(void **state)
{
	struct job one, two;
	struct text first = {0}, second = {0};
	(void)state;
	make_job(&one);
	pack(&one);
	make_job(&two);
	change_the_world(&two);
	pack(&two);
	read_bytes(one.package, &first);
	read_bytes(two.package, &second);
	setlocale(LC_ALL, "C");
	umask(0022);
	assert_int_equal(first.size, second.size);
	assert_memory_equal(first.data, second.data, first.size);
	/* RFC 1952: deflate, no flags, no time; and weights are stored: hardly smaller than they
	 * are */
	assert_memory_equal(first.data, "\x1f\x8b\x08\0\0\0\0\0", 8);
	assert_true(first.size > 300001);
	text_release(&first);
	text_release(&second);
	drop_job(&one);
	drop_job(&two);
}

static void the_digest_tells_apart_what_is_different(void **state)
{
	struct job job;
	char digest[SHA256_HEX], weights[SHA256_HEX];
	(void)state;
	make_job(&job);
	plan(&job);
	memcpy(digest, job.manifest.digest, SHA256_HEX);
	memcpy(weights, job.manifest.weights, SHA256_HEX);
	manifest_release(&job.manifest);
	handoff_release(&job.handoff);
	read_handoff(&job, ",\"samples\":{\"train\":1}");
	plan(&job);
	assert_string_not_equal(job.manifest.digest, digest);
	assert_string_equal(job.manifest.weights, weights);
	manifest_release(&job.manifest);
	memset(job.files[3].sha256, '0', 64);
	plan(&job);
	assert_string_not_equal(job.manifest.weights, weights);
	drop_job(&job);
}

static void other_settings_are_another_package_of_the_same_model(void **state)
{
	struct job job;
	char digest[SHA256_HEX], whole[SHA256_HEX];
	(void)state;
	make_job(&job);
	plan(&job);
	memcpy(digest, job.manifest.digest, SHA256_HEX);
	memcpy(whole, job.manifest.whole, SHA256_HEX);
	static const char *const settings[] = {"{\"gates\":[]}", "{\"gates\":[1]}", NULL};
	for (size_t i = 0; i < 3; i++) {
		package_settle(&job.manifest, settings[i]);
		assert_string_equal(job.manifest.digest, digest);
		assert_true((strcmp(job.manifest.whole, whole) == 0) == (settings[i] == NULL));
	}
	drop_job(&job);
}

static void assert_refused(int result, const struct fail *f, const char *said)
{
	if (result == 0)
		fail_msg("taken where \"%s\" was expected", said);
	if (f->status != STATUS_UNACCEPTABLE || strstr(f->text, said) == NULL)
		fail_msg("%d: \"%s\" where \"%s\" was expected", f->status, f->text, said);
}

static void a_file_that_the_handoff_knows_otherwise_is_named(void **state)
{
	struct job job;
	struct fail f = {0};
	(void)state;
	make_job(&job);
	handoff_release(&job.handoff);
	char *more = text_format(",\"files\":{\"saved_model.pb\":\"%s\"}", job.files[2].sha256);
	read_handoff(&job, more);
	free(more);
	plan(&job);
	manifest_release(&job.manifest);
	memset(job.files[2].sha256, '0', 64);
	assert_refused(package_plan(&job.handoff, &job.model, &job.manifest, &f), &f,
		"saved_model.pb: changed since the handoff was written: SHA-256 is ");
	job.files[2].path = (char *)"saved_model.bp";
	assert_refused(package_plan(&job.handoff, &job.model, &job.manifest, &f), &f,
		"saved_model.pb: in the handoff's files, but not in the SavedModel");
	drop_job(&job);
}

static void what_no_package_can_hold_is_not_planned(void **state)
{
	struct job job;
	struct fail f = {0};
	int64_t huge[] = {INT64_MAX};
	struct tensor_spec spec = in_spec;
	struct signature_def other = def;
	(void)state;
	make_job(&job);
	job.model.signature_count = 0;
	assert_refused(package_plan(&job.handoff, &job.model, &job.manifest, &f), &f,
		"no \"serving_default\" with inputs and outputs");
	job.model.signature_count = 1;
	job.files[2].path = (char *)"a\nb";
	assert_refused(package_plan(&job.handoff, &job.model, &job.manifest, &f), &f,
		"a\\x0ab: no name for a package: has a control character");
	job.files[2].path = (char *)"\xff";
	assert_refused(package_plan(&job.handoff, &job.model, &job.manifest, &f), &f, "\\xff: no");
	job.files[2].path = (char *)contents[2].path;
	spec.dims = huge;
	spec.rank = 1;
	other.inputs = &spec;
	job.model.signatures = &other;
	assert_refused(package_plan(&job.handoff, &job.model, &job.manifest, &f), &f,
		"no package can hold this: signatures.serving_default.inputs.image.shape[0]");
	spec = in_spec;
	spec.key = (char *)"\xfe";
	assert_refused(package_plan(&job.handoff, &job.model, &job.manifest, &f), &f, "not UTF-8");
	drop_job(&job);
}

static size_t files_in(const char *folder)
{
	struct file_list list;
	struct fail f;
	assert_int_equal(file_list_read(folder, 1000, &list, &f), 0);
	size_t count = list.count;
	file_list_release(&list);
	return count;
}

static void a_file_that_changed_since_is_named_and_nothing_is_left(void **state)
{
	static const struct {
		const char *command, *said;
	} rows[] = {
		{"truncate -s -1 variables/variables.data-*",
			"data-00000-of-00001: changed since it "
			"was inspected: it is shorter"},
		{"echo >> saved_model.pb", "saved_model.pb: changed since it was inspected: it is "
					   "longer"},
		{"printf x | dd of=saved_model.pb conv=notrunc status=none",
			"saved_model.pb: changed since it was inspected: other bytes of the same "
			"size"},
		{"mv variables/variables.index .",
			"variables.index: changed since it was inspected: "
			"it is gone"},
		{"echo > variables/variables.index", "it is longer"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct job job;
		struct fail f = {0};
		make_job(&job);
		plan(&job);
		char *command = text_format("cd %s/export && %s", job.folder, rows[i].command);
		assert_int_equal(system(command), 0);
		free(command);
		assert_refused(package_write(&job.manifest, job.package, false, NULL, NULL, &f), &f,
			rows[i].said);
		assert_int_equal(files_in(job.folder), CONTENT_COUNT);
		drop_job(&job);
	}
}

static void a_full_disk_is_a_disk_failure_and_leaves_nothing(void **state)
{
	struct rlimit limit, small;
	struct job job;
	(void)state;
	make_job(&job);
	plan(&job);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	signal(SIGXFSZ, SIG_IGN);
	for (rlim_t size = 0; size < 320000; size += 80000) {
		struct fail f = {0};
		small = (struct rlimit){.rlim_cur = size, .rlim_max = limit.rlim_max};
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
		int result = package_write(&job.manifest, job.package, false, NULL, NULL, &f);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
		assert_int_equal(result, -1);
		assert_int_equal(f.status, STATUS_DISK);
		assert_int_equal(files_in(job.folder), CONTENT_COUNT);
	}
	struct fail f = {0};
	assert_int_equal(
		package_write(&job.manifest, "/proc/none/x.tar.gz", false, NULL, NULL, &f), -1);
	drop_job(&job);
}

static void files_are_streamed_in_order_or_skipped(void **state)
{
	struct job job;
	struct package_stream stream = {0};
	struct fail f = {0};
	char buffer[7001];
	size_t got;
	(void)state;
	make_job(&job);
	pack(&job);
	assert_int_equal(package_open_file(job.package, &job.manifest, 2, &stream, &f), 0);
	size_t last = job.manifest.file_count - 1;
	for (size_t i = 4; i <= last; i += 2) {
		const struct saved_model_file *file = &job.manifest.files[i];
		char sha256[SHA256_HEX];
		struct sha256 sha;
		sha256_init(&sha);
		assert_int_equal(package_stream_next(&stream, &job.manifest, i, &f), 0);
		do {
			assert_int_equal(
				package_stream_read(&stream, buffer, sizeof(buffer), &got, &f), 0);
			sha256_add(&sha, buffer, got);
		} while (got > 0);
		assert_true(stream.check.size == file->size);
		sha256_finish(&sha, sha256);
		assert_string_equal(sha256, file->sha256);
		assert_int_equal(package_stream_read(&stream, buffer, sizeof(buffer), &got, &f), 0);
		assert_int_equal(got, 0);
	}
	package_stream_release(&stream);
	package_stream_release(&stream);
	drop_job(&job);
}

static int stream_all(const struct job *job, const struct manifest *manifest, struct fail *f)
{
	struct package_stream stream;
	char buffer[7001];
	int result = package_open_file(job->package, manifest, 0, &stream, f);
	assert_int_equal(result, 0);
	for (size_t i = 0; result == 0 && i < manifest->file_count; i++) {
		size_t got = 0;
		if (i > 0)
			result = package_stream_next(&stream, manifest, i, f);
		do {
			result = result == 0 ? package_stream_read(
						       &stream, buffer, sizeof(buffer), &got, f)
					     : -1;
		} while (result == 0 && got > 0);
	}
	package_stream_release(&stream);
	return result;
}

static void what_was_read_once_is_known_again_by_its_macs(void **state)
{
	struct job job;
	struct manifest again;
	struct fail f = {0};
	(void)state;
	make_job(&job);
	pack(&job);
	assert_int_equal(package_read(job.package, NULL, &again, &f), 0);
	for (size_t i = 0; i < again.file_count; i++) {
		assert_true(again.files[i].has_mac);
		assert_false(job.manifest.files[i].has_mac);
	}
	assert_int_equal(stream_all(&job, &job.manifest, &f), 0);
	assert_int_equal(stream_all(&job, &again, &f), 0);
	again.files[3].mac[0] ^= 1; /* as if other bytes had been there */
	assert_refused(stream_all(&job, &again, &f), &f, ": changed since it was checked");
	manifest_release(&again);
	drop_job(&job);
}

static void another_package_under_the_same_name_is_not_streamed(void **state)
{
	struct job job;
	struct package_stream stream;
	struct fail f = {0};
	(void)state;
	make_job(&job);
	pack(&job);
	memset(job.manifest.whole, '0', 64);
	assert_refused(package_open_file(job.package, &job.manifest, 0, &stream, &f), &f,
		"it is another package now");
	drop_job(&job);
}

/* Wherever the end of the manifest lies in what the reader takes at once. */
static void a_model_of_many_files_is_read_whatever_its_manifests_size(void **state)
{
	enum { LEAST = 440, MOST = 1000, STEP = 20 };
	static struct saved_model_file files[MOST];
	struct package_stream stream;
	struct job job;
	struct fail f = {0};
	(void)state;
	make_job(&job);
	char *folder = text_format("%s/export/many", job.folder);
	assert_int_equal(mkdir(folder, 0700), 0);
	for (int i = 0; i < MOST; i++) {
		char *path = text_format("%s/%04d", folder, i);
		fclose(fopen(path, "w"));
		free(path);
		files[i].path = text_format("many/%04d", i);
		sha256_of("", 0, files[i].sha256);
	}
	job.model.files = files;
	for (job.model.file_count = LEAST; job.model.file_count <= MOST;
		job.model.file_count += STEP) {
		struct manifest again;
		pack(&job);
		int opened = package_open_file(job.package, &job.manifest, 0, &stream, &f);
		if (opened != 0 || package_read(job.package, NULL, &again, &f) != 0)
			fail_msg("%zu files: %s", job.model.file_count, f.text);
		package_stream_release(&stream);
		manifest_release(&again);
		manifest_release(&job.manifest);
	}
	for (int i = 0; i < MOST; i++)
		free(files[i].path);
	free(folder);
	drop_job(&job);
}

static void a_logged_model_is_a_manifest_alone(void **state)
{
	const char *text = "{\"schema\":\"modelhook/handoff@1\",\"run_id\":\"" RUN
			   "\",\"model\":\"fish\",\"trained_at\":\"2026-11-22T20:03:17Z\","
			   "\"logged_model\":\"model\"}";
	struct job job;
	struct manifest manifest, again;
	struct handoff handoff;
	struct fail f = {0};
	(void)state;
	make_job(&job);
	assert_int_equal(handoff_parse(text, strlen(text), ".", &handoff, &f), 0);
	assert_int_equal(package_plan(&handoff, NULL, &manifest, &f), 0);
	assert_int_equal(package_write(&manifest, job.package, false, NULL, NULL, &f), 0);
	assert_int_equal(package_read(job.package, NULL, &again, &f), 0);
	assert_int_equal(again.file_count, 0);
	assert_string_equal(again.weights, "");
	assert_string_equal(again.handoff.logged_model, "model");
	assert_string_equal(again.digest, manifest.digest);
	manifest_release(&manifest);
	manifest_release(&again);
	handoff_release(&handoff);
	drop_job(&job);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_package_is_named_after_its_model_in_any_script),
		cmocka_unit_test(a_package_reads_back_as_it_was_planned),
		cmocka_unit_test(the_same_input_gives_the_same_bytes),
		cmocka_unit_test(the_digest_tells_apart_what_is_different),
		cmocka_unit_test(other_settings_are_another_package_of_the_same_model),
		cmocka_unit_test(a_file_that_the_handoff_knows_otherwise_is_named),
		cmocka_unit_test(what_no_package_can_hold_is_not_planned),
		cmocka_unit_test(a_file_that_changed_since_is_named_and_nothing_is_left),
		cmocka_unit_test(a_full_disk_is_a_disk_failure_and_leaves_nothing),
		cmocka_unit_test(files_are_streamed_in_order_or_skipped),
		cmocka_unit_test(what_was_read_once_is_known_again_by_its_macs),
		cmocka_unit_test(another_package_under_the_same_name_is_not_streamed),
		cmocka_unit_test(a_model_of_many_files_is_read_whatever_its_manifests_size),
		cmocka_unit_test(a_logged_model_is_a_manifest_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
