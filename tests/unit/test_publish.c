#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/file_lock.h"
#include "base/text.h"
#include "deploy/publish.h"
#include "deploy/published.h"

#define GRAPH "saved_model/saved_model.pb"
#define WEIGHTS "saved_model/variables/variables.data-00000-of-00001"

/* A version whose files say which one they are; what the registry says of it. */
struct source {
	int64_t version;
	bool fails, has_no_graph, overtaken;
};

static int write_file(const char *folder, const char *name, int64_t version, struct fail *f)
{
	char content[32];
	char *path = file_join(folder, name), *parent = file_folder(path);
	snprintf(content, sizeof(content), "version %lld", (long long)version);
	int result = file_make_directories(parent, f);
	if (result == 0)
		result = file_store(path, content, strlen(content), f);
	free(parent);
	free(path);
	return result;
}

static int fetch(void *context, const char *folder, struct fail *f)
{
	const struct source *source = context;
	if (write_file(folder, "MLmodel", source->version, f) != 0 ||
		write_file(folder, WEIGHTS, source->version, f) != 0)
		return -1;
	if (source->fails)
		return fail_set(f, STATUS_DISK, "no space");
	return source->has_no_graph ? 0 : write_file(folder, GRAPH, source->version, f);
}

static int is_current(void *context, bool *current, struct fail *f)
{
	const struct source *source = context;
	(void)f;
	*current = !source->overtaken;
	return 0;
}

static int publish_as(const struct publish *publish, struct source *source, const char *name,
	struct publish_end *end, struct fail *f)
{
	char digest[65];
	snprintf(digest, sizeof(digest), "%064lld", (long long)source->version);
	struct deploy_model model = {.name = name,
		.version = source->version,
		.digest = digest,
		.fetch = fetch,
		.is_current = is_current,
		.context = source};
	return publish_version(publish, &model, end, f);
}

static int publish(const char *folder, int64_t version, struct publish_end *end, struct fail *f)
{
	struct publish request = {.folder = folder, .keep = 3, .deadline = deadline_in(10000)};
	struct source source = {.version = version};
	return publish_as(&request, &source, "fish", end, f);
}

/* "1 2 modelhook-published.json": what is in a folder, sorted. */
static const char *names_in(const char *folder, char *names, size_t size)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, NULL, alphasort);
	names[0] = '\0';
	for (int i = 0; i < count; i++) {
		if (strcmp(entries[i]->d_name, ".") != 0 && strcmp(entries[i]->d_name, "..") != 0)
			snprintf(names + strlen(names), size - strlen(names), "%s%s",
				names[0] != '\0' ? " " : "", entries[i]->d_name);
		free(entries[i]);
	}
	free(count >= 0 ? entries : NULL);
	return names;
}

static void assert_names(const char *folder, const char *expected)
{
	char names[512];
	assert_string_equal(names_in(folder, names, sizeof(names)), expected);
}

static void assert_content(const char *folder, const char *name, int64_t version)
{
	char buffer[64], expected[64];
	snprintf(expected, sizeof(expected), "version %lld", (long long)version);
	assert_string_equal(unit_read(unit_path(folder, name), buffer, sizeof(buffer)), expected);
}

/* "1=1 2=2 3=1": which version stands under which number. */
static void assert_published(const char *folder, const char *expected)
{
	struct published published;
	struct fail f;
	struct text text = {0};
	assert_int_equal(published_read(folder, &published, &f), 0);
	for (size_t i = 0; i < published.count; i++)
		text_printf(&text, "%s%lld=%lld", i > 0 ? " " : "",
			(long long)published.items[i].number,
			(long long)published.items[i].version);
	assert_string_equal(text_string(&text), expected);
	text_release(&text);
	published_release(&published);
}

static void numbers_grow_and_a_version_that_comes_back_gets_a_higher_one(void **state)
{
	char *folder = unit_folder();
	struct publish_end end;
	struct fail f;
	(void)state;
	assert_int_equal(publish(folder, 4, &end, &f), 0);
	assert_true(end.number == 4 && !end.was_there && !end.overtaken && end.removed == 0);
	assert_names(unit_path(folder, "4"), "saved_model.pb variables");
	assert_int_equal(publish(folder, 5, &end, &f), 0);
	assert_int_equal(publish(folder, 4, &end, &f), 0);
	assert_int_equal(end.number, 6);
	assert_content(folder, "6/saved_model.pb", 4);
	assert_int_equal(publish(folder, 4, &end, &f), 0);
	assert_true(end.number == 6 && end.was_there);
	assert_published(folder, "4=4 5=5 6=4");
	assert_int_equal(publish(folder, 6, &end, &f), 0);
	assert_true(end.number == 7 && end.removed == 1);
	assert_names(folder, "5 6 7 modelhook-published.json");
	assert_published(folder, "5=5 6=4 7=6");
	unit_folder_remove(folder);
}

static void numbers_of_others_stay_and_are_not_used_again(void **state)
{
	char *folder = unit_folder();
	struct publish_end end;
	struct fail f;
	(void)state;
	assert_int_equal(mkdir(unit_path(folder, "20"), 0755), 0);
	assert_int_equal(mkdir(unit_path(folder, "notes"), 0755), 0);
	for (int64_t version = 1; version <= 5; version++)
		assert_int_equal(publish(folder, version, &end, &f), 0);
	assert_names(folder, "20 23 24 25 modelhook-published.json notes");
	/* the largest number is somebody else's: what was published is not served any more */
	assert_int_equal(mkdir(unit_path(folder, "30"), 0755), 0);
	assert_int_equal(publish(folder, 5, &end, &f), 0);
	assert_true(end.number == 31 && !end.was_there);
	unit_folder_remove(folder);
}

static void all_files_or_files_below_a_name_are_published(void **state)
{
	char *folder = unit_folder();
	struct publish request = {.folder = folder, .keep = 2, .deadline = deadline_in(10000)};
	struct source source = {.version = 1};
	struct publish_end end;
	struct fail f;
	(void)state;
	request.files = PUBLISH_MODEL;
	assert_int_equal(publish_as(&request, &source, "fish", &end, &f), 0);
	assert_names(unit_path(folder, "1"), "MLmodel saved_model");
	request = (struct publish){.folder = folder,
		.keep = 2,
		.below = "model.savedmodel",
		.deadline = deadline_in(10000)};
	source.version = 2;
	assert_int_equal(publish_as(&request, &source, "fish", &end, &f), 0);
	assert_names(unit_path(folder, "2"), "model.savedmodel");
	assert_content(folder, "2/model.savedmodel/variables/variables.data-00000-of-00001", 2);
	unit_folder_remove(folder);
}

static void what_fails_leaves_what_was_there(void **state)
{
	static const struct {
		const char *row, *model;
		struct source source;
		enum status status;
		const char *message;
	} rows[] = {
		{"a full disk", "fish", {.version = 2, .fails = true}, STATUS_DISK, "no space"},
		{"no graph", "fish", {.version = 2, .has_no_graph = true}, STATUS_NOT_SERVED,
			"the model has no SavedModel"},
		{"another model", "boat", {.version = 2}, STATUS_CONFIGURATION,
			"versions of fish are published there"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *folder = unit_folder();
		struct publish request = {
			.folder = folder, .keep = 2, .deadline = deadline_in(10000)};
		struct source source = rows[i].source;
		struct publish_end end;
		struct fail f = {0};
		assert_int_equal(publish(folder, 1, &end, &f), 0);
		assert_row(
			publish_as(&request, &source, rows[i].model, &end, &f) == -1, rows[i].row);
		assert_row(f.status == rows[i].status, rows[i].row);
		assert_contains(f.text, rows[i].message);
		assert_names(folder, "1 modelhook-published.json");
		assert_published(folder, "1=1");
		unit_folder_remove(folder);
	}
}

static void an_overtaken_version_is_not_published(void **state)
{
	char *folder = unit_folder();
	struct publish request = {.folder = folder, .keep = 2, .deadline = deadline_in(10000)};
	struct source source = {.version = 2, .overtaken = true};
	struct publish_end end;
	struct fail f;
	struct text did = {0};
	struct deploy_model model = {.name = "fish", .version = 2};
	(void)state;
	assert_int_equal(publish(folder, 3, &end, &f), 0);
	assert_int_equal(publish_as(&request, &source, "fish", &end, &f), 0);
	assert_true(end.overtaken && end.number == 0);
	publish_describe(&request, &model, &end, &did);
	assert_string_equal(did.data, "version 2 is overtaken: nothing was published");
	assert_names(folder, "3 modelhook-published.json");
	text_release(&did);
	unit_folder_remove(folder);
}

static void who_holds_the_lock_is_waited_for_and_named(void **state)
{
	char *folder = unit_folder();
	struct publish request = {.folder = folder, .keep = 2, .deadline = deadline_in(250)};
	struct source source = {.version = 2};
	struct publish_end end;
	struct file_lock lock;
	struct fail f;
	bool taken;
	(void)state;
	assert_int_equal(
		file_lock_take(unit_path(folder, ".modelhook-lock"), &lock, &taken, &f), 0);
	assert_true(taken);
	assert_failure(publish_as(&request, &source, "fish", &end, &f), f, STATUS_LATER,
		"another call publishes there: process ");
	file_lock_release(&lock);
	request.deadline = deadline_in(10000);
	assert_int_equal(publish_as(&request, &source, "fish", &end, &f), 0);
	unit_folder_remove(folder);
}

/* Killed at every call that changes a file. */

/* In memory where there is such a place: every round syncs many files. */
static char *quick_folder(void)
{
	char *path = strdup("/dev/shm/modelhook-unit-XXXXXX");
	if (path != NULL && mkdtemp(path) != NULL)
		return path;
	free(path);
	return unit_folder();
}

static bool changes_files(uint64_t number)
{
	static const long calls[] = {
#ifdef SYS_open
		SYS_open, SYS_rename, SYS_mkdir, SYS_unlink, SYS_rmdir,
#endif
		SYS_openat, SYS_renameat, SYS_renameat2, SYS_mkdirat, SYS_unlinkat, SYS_write,
		SYS_fsync, SYS_flock, SYS_ftruncate, SYS_close};
	for (size_t i = 0; i < COUNT(calls); i++)
		if (number == (uint64_t)calls[i])
			return true;
	return false;
}

/* Publishes version 2 in a child that is killed at its call number `at`; false: it came to its end
 * before. */
static bool killed_at(const char *folder, long at)
{
	int status = 0;
	long seen = 0;
	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		struct publish_end end;
		struct fail f;
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		_exit(publish(folder, 2, &end, &f) == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSTOPPED(status));
	assert_int_equal(
		ptrace(PTRACE_SETOPTIONS, child, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL),
		0);
	for (;;) {
		struct __ptrace_syscall_info info = {0};
		assert_int_equal(ptrace(PTRACE_SYSCALL, child, NULL, NULL), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		if (WIFEXITED(status)) {
			assert_int_equal(WEXITSTATUS(status), 0);
			return false;
		}
		assert_true(WIFSTOPPED(status) && WSTOPSIG(status) == (SIGTRAP | 0x80));
		ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof(info), &info);
		if (info.op == PTRACE_SYSCALL_INFO_ENTRY && changes_files(info.entry.nr) &&
			++seen == at) {
			kill(child, SIGKILL);
			assert_int_equal(waitpid(child, &status, 0), child);
			return true;
		}
	}
}

/* Nothing half, nothing without its number in the file. */
static void assert_sound(const char *folder)
{
	struct published published;
	struct fail f;
	assert_int_equal(published_read(folder, &published, &f), 0);
	assert_content(folder, "1/saved_model.pb", 1);
	for (int number = 2; number < 9; number++) {
		char name[64];
		snprintf(name, sizeof(name), "%d", number);
		if (!file_is_directory(unit_path(folder, name)))
			continue;
		bool listed = false;
		for (size_t i = 0; i < published.count; i++)
			listed |= published.items[i].number == number &&
				  published.items[i].version == 2;
		assert_true(listed);
		snprintf(name, sizeof(name), "%d/saved_model.pb", number);
		assert_content(folder, name, 2);
		snprintf(name, sizeof(name), "%d/variables/variables.data-00000-of-00001", number);
		assert_content(folder, name, 2);
	}
	published_release(&published);
}

static void killed_anywhere_nothing_half_is_seen_and_the_next_call_finishes_it(void **state)
{
	long at = 1;
	bool killed = true;
	(void)state;
	for (; killed; at++) {
		char *folder = quick_folder();
		struct publish_end end;
		struct fail f;
		assert_int_equal(publish(folder, 1, &end, &f), 0);
		killed = killed_at(folder, at);
		assert_sound(folder);
		assert_int_equal(publish(folder, 2, &end, &f), 0);
		assert_sound(folder);
		assert_true(end.number >= 2 && (!end.was_there || end.number == 2));
		assert_names(folder, end.number == 2 ? "1 2 modelhook-published.json"
						     : "1 3 modelhook-published.json");
		unit_folder_remove(folder);
	}
	assert_true(at > 40); /* there was something to kill */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_grow_and_a_version_that_comes_back_gets_a_higher_one),
		cmocka_unit_test(numbers_of_others_stay_and_are_not_used_again),
		cmocka_unit_test(all_files_or_files_below_a_name_are_published),
		cmocka_unit_test(what_fails_leaves_what_was_there),
		cmocka_unit_test(an_overtaken_version_is_not_published),
		cmocka_unit_test(who_holds_the_lock_is_waited_for_and_named),
		cmocka_unit_test(
			killed_anywhere_nothing_half_is_seen_and_the_next_call_finishes_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
