#include "unit.h"

#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "spool/local.h"

#include "base/clock.h"

static char *folder;

static int set_up(void **state)
{
	(void)state;
	folder = unit_folder();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unit_folder_remove(folder);
	return 0;
}

/* The parts of a manifest that name a package. */
static const struct manifest manifest = {
	.digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
	.handoff = {.run_id = (char *)"fedcba9876543210fedcba9876543210", .model = (char *)"fish"},
};

#define PACKAGE "fish-fedcba98-0123456789ab.tar.gz"

static int open_at(struct spool *spool, const char *path, int64_t wait_ms, struct fail *f)
{
	return spool_open(spool, path, &manifest, deadline_in(wait_ms), f);
}

static void a_spool_is_made_with_its_parents_and_holds_the_package_by_name(void **state)
{
	const char *path = unit_path(folder, "deep/spool");
	struct spool spool;
	struct fail f;
	(void)state;
	assert_int_equal(open_at(&spool, path, 0, &f), 0);
	assert_true(file_is_directory(path));
	assert_string_equal(spool.package, unit_path(path, PACKAGE));
	assert_string_equal(spool.result, unit_path(path, PACKAGE ".result.json"));
	assert_true(file_is_there(unit_path(path, PACKAGE ".lock")));
	assert_false(spool.waited);
	spool_release(&spool);
	spool_release(&spool);
	assert_false(file_is_there(unit_path(path, PACKAGE ".lock")));
}

static void a_finished_package_leaves_nothing_and_not_its_folder(void **state)
{
	const char *path = unit_path(folder, "spool");
	struct spool spool;
	struct fail f;
	(void)state;
	assert_int_equal(open_at(&spool, path, 0, &f), 0);
	unit_write(spool.package, "package");
	assert_int_equal(spool_keep(&spool, "{}", &f), 0);
	assert_int_equal(spool_finish(&spool, &f), 0);
	assert_false(file_is_there(path));
	spool_release(&spool);
}

static void a_folder_with_another_package_stays(void **state)
{
	const char *path = unit_path(folder, "spool");
	struct spool spool;
	struct fail f;
	(void)state;
	assert_int_equal(mkdir(path, 0777), 0);
	unit_write(unit_path(path, "other.tar.gz"), "");
	assert_int_equal(open_at(&spool, path, 0, &f), 0);
	unit_write(spool.package, "package");
	assert_int_equal(spool_finish(&spool, &f), 0);
	spool_release(&spool);
	assert_true(file_is_there(unit_path(path, "other.tar.gz")));
	assert_false(file_is_there(unit_path(path, PACKAGE)));
}

static void what_is_kept_is_found_by_the_next_attempt_without_leftovers(void **state)
{
	const char *path = unit_path(folder, "spool");
	struct spool spool;
	struct fail f;
	char line[64];
	(void)state;
	assert_int_equal(open_at(&spool, path, 0, &f), 0);
	unit_write(spool.package, "package");
	assert_int_equal(spool_keep(&spool, "{\"exit\":75}", &f), 0);
	assert_string_equal(unit_read(spool.result, line, sizeof(line)), "{\"exit\":75}\n");
	spool_release(&spool);
	unit_write(unit_path(path, PACKAGE ".77-00000000.tmp"), "half");
	unit_write(unit_path(path, "other.77-00000000.tmp"), "half");
	assert_int_equal(open_at(&spool, path, 0, &f), 0);
	assert_true(spool.waited);
	assert_false(file_is_there(unit_path(path, PACKAGE ".77-00000000.tmp")));
	assert_true(file_is_there(unit_path(path, "other.77-00000000.tmp")));
	spool_release(&spool);
	assert_true(file_is_there(unit_path(path, PACKAGE)));
	assert_true(file_is_there(unit_path(path, PACKAGE ".result.json")));
}

static void a_second_attempt_waits_until_its_deadline_and_may_come_again(void **state)
{
	struct spool first, second;
	struct fail f;
	(void)state;
	assert_int_equal(open_at(&first, folder, 0, &f), 0);
	int64_t started = clock_monotonic_ms();
	assert_failure(open_at(&second, folder, 300, &f), f, STATUS_LATER,
		"another modelhook still works on this package");
	assert_in_range(clock_monotonic_ms() - started, 300, 60000);
	assert_contains(f.hint, PACKAGE ".lock");
	spool_release(&second);
	assert_true(file_is_there(unit_path(folder, PACKAGE ".lock")));
	spool_release(&first);
}

/* Holds the lock for a while, then finishes, which removes the folder. */
static int hold_and_finish(void *path)
{
	struct spool spool;
	struct fail f;
	if (open_at(&spool, path, 0, &f) != 0)
		return 1;
	unit_write(spool.package, "package");
	usleep(300000);
	int result = spool_finish(&spool, &f);
	spool_release(&spool);
	return result == 0 ? 0 : 1;
}

static void who_waited_gets_a_folder_that_the_first_one_removed(void **state)
{
	char *path = strdup(unit_path(folder, "spool"));
	const char *lock = unit_path(path, PACKAGE ".lock");
	struct spool spool;
	struct fail f;
	int ended;
	(void)state;
	pid_t child = fork();
	if (child == 0)
		_exit(hold_and_finish(path));
	while (!file_is_there(lock) && waitpid(child, &ended, WNOHANG) == 0)
		usleep(1000);
	assert_int_equal(open_at(&spool, path, 20000, &f), 0);
	assert_int_equal(waitpid(child, &ended, 0), child);
	assert_int_equal(ended, 0);
	assert_false(spool.waited);
	assert_true(file_is_there(unit_path(path, PACKAGE ".lock")));
	spool_release(&spool);
	free(path);
}

/* Removes the folder as often as it is told to, at once: one that never gave up could come between
 * every time, above all on one processor. */
_Noreturn static void keep_removing(const char *path, atomic_int *removals)
{
	alarm(60); /* whatever becomes of the parent */
	for (;;)
		if (atomic_load(removals) == 0)
			sched_yield();
		else if (rmdir(path) == 0)
			atomic_fetch_sub(removals, 1);
}

/* Another's end may remove the folder between the making of it and the lock in it. */
static void a_folder_that_is_removed_at_any_moment_is_made_again(void **state)
{
	const char *path = unit_path(folder, "spool");
	atomic_int *removals = mmap(
		NULL, sizeof(*removals), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	(void)state;
	assert_ptr_not_equal(removals, MAP_FAILED);
	pid_t child = fork();
	if (child == 0)
		keep_removing(path, removals);
	for (int i = 0; i < 500; i++) {
		struct spool spool;
		struct fail f;
		atomic_store(removals, 3);
		int result = open_at(&spool, path, 0, &f);
		spool_release(&spool);
		if (result != 0) {
			kill(child, SIGKILL);
			fail_msg("round %d: %s", i, f.text);
		}
	}
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	munmap(removals, sizeof(*removals));
}

static int hold_and_die(void *path)
{
	static struct spool spool;
	struct fail f;
	if (open_at(&spool, path, 0, &f) != 0)
		return 1;
	unit_write(spool.package, "package");
	return raise(SIGKILL);
}

static void a_killed_attempt_does_not_keep_the_next_one_out(void **state)
{
	struct spool spool;
	struct fail f;
	(void)state;
	int ended = unit_child(hold_and_die, folder, NULL, NULL);
	assert_true(WIFSIGNALED(ended));
	assert_int_equal(open_at(&spool, folder, 0, &f), 0);
	assert_true(spool.waited);
	spool_release(&spool);
}

static void a_spool_that_cannot_be_made_is_named(void **state)
{
	struct spool spool;
	struct fail f;
	(void)state;
	unit_write(unit_path(folder, "file"), "");
	assert_failure(
		open_at(&spool, unit_path(folder, "file/spool"), 0, &f), f, STATUS_DISK, "spool: ");
	assert_contains(f.text, "/file: File exists");
	spool_release(&spool);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(a_spool_is_made_with_its_parents_and_holds_the_package_by_name),
		IN_FOLDER(a_finished_package_leaves_nothing_and_not_its_folder),
		IN_FOLDER(a_folder_with_another_package_stays),
		IN_FOLDER(what_is_kept_is_found_by_the_next_attempt_without_leftovers),
		IN_FOLDER(a_second_attempt_waits_until_its_deadline_and_may_come_again),
		IN_FOLDER(who_waited_gets_a_folder_that_the_first_one_removed),
		IN_FOLDER(a_folder_that_is_removed_at_any_moment_is_made_again),
		IN_FOLDER(a_killed_attempt_does_not_keep_the_next_one_out),
		IN_FOLDER(a_spool_that_cannot_be_made_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
