#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

#include "base/file.h"
#include "base/file_lock.h"
#include "base/text.h"

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

static const char *in(const char *name)
{
	return unit_path(folder, name);
}

static size_t entries_of(const char *path)
{
	size_t count = 0;
	DIR *dir = opendir(path);
	assert_non_null(dir);
	for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count;
}

static void a_file_is_read_whole_or_refused_past_its_bound(void **state)
{
	struct text text = {0};
	struct fail f;
	(void)state;
	unit_write(in("ten"), "0123456789");
	unit_write(in("empty"), "");
	assert_int_equal(file_read(in("ten"), 10, &text, &f), 0);
	assert_string_equal(text_string(&text), "0123456789");
	assert_failure(file_read(in("ten"), 9, &text, &f), f, STATUS_UNACCEPTABLE,
		"ten: more than 9 bytes");
	assert_int_equal(file_read(in("empty"), 0, &text, &f), 0);
	assert_int_equal(text.size, 0);
	text_release(&text);
}

static void a_file_that_cannot_be_read_is_named_with_the_reason(void **state)
{
	struct text text = {0};
	struct fail f;
	(void)state;
	unit_write(in("file"), "x");
	assert_failure(
		file_read(in("none"), 9, &text, &f), f, STATUS_MISSING, "none: No such file");
	assert_int_equal(f.os, ENOENT);
	assert_failure(
		file_read(in("file/below"), 9, &text, &f), f, STATUS_MISSING, "Not a directory");
	assert_failure(file_read(folder, 9, &text, &f), f, STATUS_UNACCEPTABLE, "Is a directory");
	text_release(&text);
}

static void a_dangling_link_is_named_but_not_there(void **state)
{
	(void)state;
	unit_write(in("file"), "x");
	assert_int_equal(symlink("nowhere", in("dangling")), 0);
	assert_true(file_is_there(in("file")));
	assert_false(file_is_there(in("dangling")));
	assert_true(file_is_named(in("dangling")));
	assert_true(file_is_named(in("file")));
	assert_false(file_is_named(in("none")));
	assert_false(file_is_named(in("file/below")));
	assert_false(file_is_directory(in("file")));
	assert_true(file_is_directory(folder));
}

static void folders_are_made_with_their_parents_and_may_be_there(void **state)
{
	static const char *const rows[] = {"a", "a/b/c", "a/b/c/", "a//d", "./e", "a/b"};
	struct fail f;
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(file_make_directories(in(rows[i]), &f), 0);
		assert_true(file_is_directory(in(rows[i])));
	}
	assert_int_equal(file_make_directories("/", &f), 0);
	unit_write(in("file"), "x");
	assert_failure(
		file_make_directories(in("file/x"), &f), f, STATUS_DISK, "file: File exists");
	assert_failure(file_make_directories("", &f), f, STATUS_MISSING, "No such file");
}

static void a_file_has_its_name_only_once_it_is_finished(void **state)
{
	struct file_writer w;
	struct fail f;
	char content[64];
	(void)state;
	unit_write(in("file"), "old");
	assert_int_equal(file_create(in("file"), &w, &f), 0);
	assert_int_equal(file_write(&w, "new ", 4, &f), 0);
	assert_int_equal(file_write(&w, "bytes", 5, &f), 0);
	assert_int_equal(w.size, 9);
	assert_string_equal(unit_read(in("file"), content, sizeof(content)), "old");
	assert_int_equal(entries_of(folder), 2);
	assert_int_equal(file_finish(&w, &f), 0);
	assert_string_equal(unit_read(in("file"), content, sizeof(content)), "new bytes");
	assert_int_equal(entries_of(folder), 1);
	file_discard(&w);
	assert_string_equal(unit_read(in("file"), content, sizeof(content)), "new bytes");
}

static void a_discarded_file_leaves_the_old_one_and_nothing_else(void **state)
{
	struct file_writer w, none = {0};
	struct fail f;
	char content[64];
	(void)state;
	unit_write(in("file"), "old");
	assert_int_equal(file_create(in("file"), &w, &f), 0);
	assert_int_equal(file_write(&w, "new", 3, &f), 0);
	file_discard(&w);
	file_discard(&w);
	file_discard(&none);
	assert_string_equal(unit_read(in("file"), content, sizeof(content)), "old");
	assert_int_equal(entries_of(folder), 1);
}

static void a_file_that_cannot_take_its_name_leaves_no_temporary_one(void **state)
{
	struct file_writer w;
	struct fail f;
	(void)state;
	assert_int_equal(file_create(in("name"), &w, &f), 0);
	assert_int_equal(mkdir(in("name"), 0777), 0);
	assert_failure(file_finish(&w, &f), f, STATUS_DISK, "name: Is a directory");
	assert_int_equal(entries_of(folder), 1);
	assert_true(file_is_directory(in("name")));
}

static int store_past_the_limit(void *path)
{
	struct rlimit limit = {.rlim_cur = 1000, .rlim_max = 1000};
	static const char bytes[2000];
	struct fail f;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	int result = file_store(path, bytes, sizeof(bytes), &f);
	return result == -1 && f.status == STATUS_DISK && f.os == EFBIG ? 0 : 1;
}

static void a_write_that_fails_half_way_leaves_the_old_file_alone(void **state)
{
	char content[64];
	(void)state;
	unit_write(in("file"), "old");
	assert_int_equal(unit_child(store_past_the_limit, (char *)in("file"), NULL, NULL), 0);
	assert_string_equal(unit_read(in("file"), content, sizeof(content)), "old");
	assert_int_equal(entries_of(folder), 1);
}

/* Root may write anywhere: the case runs as nobody. */
static int store_as_nobody(void *path)
{
	struct fail f;
	if (geteuid() == 0 && setuid(65534) != 0)
		return 2;
	int result = file_store(path, "x", 1, &f);
	return result == -1 && f.status == STATUS_DISK && f.os == EACCES ? 0 : 1;
}

static void a_read_only_folder_is_a_matter_of_the_disk(void **state)
{
	(void)state;
	assert_int_equal(mkdir(in("locked"), 0555), 0);
	assert_int_equal(chmod(in("locked"), 0555), 0);
	assert_int_equal(unit_child(store_as_nobody, (char *)in("locked/file"), NULL, NULL), 0);
	assert_int_equal(entries_of(in("locked")), 0);
}

static void a_file_without_its_folder_is_missing(void **state)
{
	struct fail f;
	(void)state;
	assert_failure(file_store(in("none/file"), "x", 1, &f), f, STATUS_MISSING, "none/file");
}

static void only_a_regular_file_is_ever_replaced(void **state)
{
	struct fail f;
	(void)state;
	assert_int_equal(mkfifo(in("fifo"), 0666), 0);
	assert_int_equal(symlink("/dev/null", in("null")), 0);
	assert_failure(file_store(in("fifo"), "x", 1, &f), f, STATUS_DISK, "not a regular file");
	assert_failure(file_store(in("null"), "x", 1, &f), f, STATUS_DISK, "not a regular file");
	assert_failure(file_store(folder, "x", 1, &f), f, STATUS_DISK, "not a regular file");
	assert_int_equal(entries_of(folder), 2);
}

static void two_writers_of_one_file_do_not_share_their_temporary_one(void **state)
{
	struct file_writer first, second;
	struct fail f;
	char content[64];
	(void)state;
	assert_int_equal(file_create(in("file"), &first, &f), 0);
	assert_int_equal(file_create(in("file"), &second, &f), 0);
	assert_int_equal(file_write(&first, "first", 5, &f), 0);
	assert_int_equal(file_write(&second, "second", 6, &f), 0);
	assert_int_equal(file_finish(&first, &f), 0);
	assert_string_equal(unit_read(in("file"), content, sizeof(content)), "first");
	assert_int_equal(file_finish(&second, &f), 0);
	assert_string_equal(unit_read(in("file"), content, sizeof(content)), "second");
	assert_int_equal(entries_of(folder), 1);
}

static int write_and_die(void *path)
{
	struct file_writer w;
	struct fail f;
	if (file_create(path, &w, &f) != 0 || file_write(&w, "half", 4, &f) != 0)
		return 1;
	_exit(0);
}

static void what_a_killed_writer_left_is_removed_and_nothing_else(void **state)
{
	(void)state;
	unit_write(in("file"), "whole");
	unit_write(in("file.other"), "");
	unit_write(in("files.1.tmp"), "");
	unit_write(in("other.1.tmp"), "");
	assert_int_equal(unit_child(write_and_die, (char *)in("file"), NULL, NULL), 0);
	assert_int_equal(unit_child(write_and_die, (char *)in("file.other"), NULL, NULL), 0);
	assert_int_equal(entries_of(folder), 6);
	file_remove_leftovers(in("file"));
	assert_int_equal(entries_of(folder), 5);
	assert_true(file_is_there(in("file")));
	assert_true(file_is_there(in("file.other")));
	assert_true(file_is_there(in("files.1.tmp")));
	file_remove_leftovers(in("none/file"));
}

static void a_sweep_takes_what_is_dead_and_leaves_what_is_alive(void **state)
{
	struct file_writer alive;
	struct fail f;
	(void)state;
	assert_int_equal(file_make_directories(in("a/b"), &f), 0);
	unit_write(in("a/whole"), "whole");
	unit_write(in("a/notes.1-2.tmp"), "somebody's own");
	assert_int_equal(unit_child(write_and_die, (char *)in("a/whole"), NULL, NULL), 0);
	assert_int_equal(unit_child(write_and_die, (char *)in("a/b/half"), NULL, NULL), 0);
	assert_int_equal(file_create(in("a/b/half"), &alive, &f), 0);
	file_sweep(in("a"));
	assert_int_equal(entries_of(in("a")), 3);
	assert_int_equal(entries_of(in("a/b")), 1);
	assert_int_equal(file_finish(&alive, &f), 0);
	assert_true(file_is_there(in("a/b/half")));
	file_sweep(in("none"));
}

static void only_what_file_create_gives_is_a_temporary_name(void **state)
{
	static const char *const yes[] = {"a.1-0123abcd.tmp", "a.b.4711-00000000.tmp"};
	static const char *const no[] = {"a.tmp", "a.1-0123abc.tmp", "a.1-0123ABCD.tmp",
		"a.-0123abcd.tmp", "a1-0123abcd.tmp", ".1-0123abcd.tmp", "a.1-0123abcd.tmp.gz",
		"a.x1-0123abcd.tmp", ""};
	(void)state;
	for (size_t i = 0; i < COUNT(yes); i++)
		assert_row(file_is_temporary(yes[i]), yes[i]);
	for (size_t i = 0; i < COUNT(no); i++)
		assert_row(!file_is_temporary(no[i]), no[i]);
}

static void a_path_is_inside_wherever_links_lead(void **state)
{
	struct fail f;
	(void)state;
	assert_int_equal(file_make_directories(in("root/a"), &f), 0);
	assert_int_equal(file_make_directories(in("root-not"), &f), 0);
	assert_int_equal(symlink("../root-not", in("root/out")), 0);
	assert_int_equal(symlink("a", in("root/in")), 0);
	assert_int_equal(symlink("root", in("link")), 0);
	static const struct {
		const char *folder, *path;
		bool inside;
	} rows[] = {
		{"root", "root", true},
		{"root", "root/a/new/file", true},
		{"root", "root/in/file", true},
		{"link", "link/a/file", true},
		{"root", "root/out", false},
		{"root", "root/out/new", false},
		{"root", "root/../root-not/x", false},
		{"none", "none/a", true},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *root = text_copy(in(rows[i].folder));
		assert_row(file_is_inside(root, in(rows[i].path)) == rows[i].inside, rows[i].path);
		free(root);
	}
}

static void everything_in_a_folder_is_removed_and_nothing_that_links_lead_to(void **state)
{
	struct fail f;
	(void)state;
	assert_int_equal(file_make_directories(in("a/b/c"), &f), 0);
	unit_write(in("a/b/file"), "x");
	unit_write(in("kept"), "x");
	assert_int_equal(symlink("../kept", in("a/link")), 0);
	assert_int_equal(file_remove_all(in("a"), &f), 0);
	assert_int_equal(file_remove_all(in("a"), &f), 0);
	assert_int_equal(entries_of(folder), 1);
	assert_int_equal(file_remove_all(in("kept"), &f), 0);
	assert_int_equal(entries_of(folder), 0);
}

static void the_umask_decides_who_may_read_a_stored_file(void **state)
{
	struct fail f;
	struct stat s;
	(void)state;
	mode_t was = umask(027);
	assert_int_equal(file_store(in("file"), "x", 1, &f), 0);
	umask(was);
	assert_int_equal(stat(in("file"), &s), 0);
	assert_int_equal(s.st_mode & 0777, 0640);
}

static void removing_what_is_not_there_is_fine(void **state)
{
	struct fail f;
	(void)state;
	unit_write(in("file"), "x");
	assert_int_equal(file_remove(in("file"), &f), 0);
	assert_int_equal(file_remove(in("file"), &f), 0);
	assert_int_equal(mkdir(in("sub"), 0777), 0);
	assert_failure(file_remove(in("sub"), &f), f, STATUS_DISK, "sub: ");
}

static void a_lock_is_had_by_one_at_a_time_and_gone_when_released(void **state)
{
	struct file_lock first, second, none = {0};
	struct fail f;
	bool taken;
	(void)state;
	assert_int_equal(file_lock_take(in("lock"), &first, &taken, &f), 0);
	assert_true(taken);
	assert_int_equal(file_lock_take(in("lock"), &second, &taken, &f), 0);
	assert_false(taken);
	file_lock_release(&second);
	assert_true(file_is_there(in("lock")));
	file_lock_release(&first);
	file_lock_release(&first);
	file_lock_release(&none);
	assert_false(file_is_there(in("lock")));
	assert_int_equal(file_lock_take(in("lock"), &second, &taken, &f), 0);
	assert_true(taken);
	file_lock_release(&second);
}

static int lock_and_die(void *path)
{
	static struct file_lock lock;
	struct fail f;
	bool taken;
	if (file_lock_take(path, &lock, &taken, &f) != 0 || !taken)
		return 1;
	_exit(0);
}

static void a_dead_holder_holds_nothing(void **state)
{
	struct file_lock lock;
	struct fail f;
	bool taken;
	(void)state;
	assert_int_equal(unit_child(lock_and_die, (char *)in("lock"), NULL, NULL), 0);
	assert_true(file_is_there(in("lock")));
	assert_int_equal(file_lock_take(in("lock"), &lock, &taken, &f), 0);
	assert_true(taken);
	file_lock_release(&lock);
	assert_int_equal(entries_of(folder), 0);
}

static void a_lock_on_a_file_that_was_replaced_does_not_count(void **state)
{
	struct file_lock old, lock;
	struct fail f;
	bool taken;
	(void)state;
	assert_int_equal(file_lock_take(in("lock"), &old, &taken, &f), 0);
	assert_int_equal(unlink(in("lock")), 0);
	assert_int_equal(file_lock_take(in("lock"), &lock, &taken, &f), 0);
	assert_true(taken);
	file_lock_release(&lock);
	file_lock_release(&old);
	assert_failure(
		file_lock_take(in("none/lock"), &lock, &taken, &f), f, STATUS_MISSING, "none/lock");
	assert_int_equal(symlink("elsewhere", in("link")), 0);
	assert_failure(file_lock_take(in("link"), &lock, &taken, &f), f, STATUS_DISK, "link");
}

static void a_list_is_sorted_by_bytes_whatever_the_locale_and_its_depth(void **state)
{
	static const char *const made[] = {
		"b", "a/z", "a.b", "a/b/c", "A", "a-b", "\xc3\xa9", "a0"};
	static const char *const sorted[] = {
		"A", "a-b", "a.b", "a/b/c", "a/z", "a0", "b", "\xc3\xa9"};
	struct file_list list;
	struct fail f;
	(void)state;
	assert_int_equal(file_make_directories(in("a/b"), &f), 0);
	assert_int_equal(file_make_directories(in("empty/er"), &f), 0);
	for (size_t i = 0; i < COUNT(made); i++)
		unit_write(in(made[i]), made[i]);
	assert_int_equal(file_list_read(folder, 8, &list, &f), 0);
	assert_int_equal(list.count, COUNT(sorted));
	for (size_t i = 0; i < COUNT(sorted); i++) {
		assert_string_equal(list.entries[i].path, sorted[i]);
		assert_int_equal(list.entries[i].size, strlen(sorted[i]));
	}
	file_list_release(&list);
	file_list_release(&list);
	assert_failure(
		file_list_read(folder, 7, &list, &f), f, STATUS_UNACCEPTABLE, "more than 7 files");
	assert_int_equal(list.count, 0);
}

static void a_list_grows_past_its_first_pieces(void **state)
{
	struct file_list list;
	struct fail f;
	(void)state;
	for (int i = 0; i < 200; i++) {
		char name[16];
		snprintf(name, sizeof(name), "%03d", i);
		unit_write(in(name), "");
	}
	assert_int_equal(file_list_read(folder, 1000, &list, &f), 0);
	assert_int_equal(list.count, 200);
	assert_string_equal(list.entries[199].path, "199");
	file_list_release(&list);
}

static void a_link_to_a_file_is_followed_and_every_other_oddity_named(void **state)
{
	struct file_list list;
	struct fail f;
	(void)state;
	unit_write(in("file"), "12345");
	assert_int_equal(mkdir(in("sub"), 0777), 0);
	assert_int_equal(symlink("../file", in("sub/link")), 0);
	assert_int_equal(file_list_read(folder, 9, &list, &f), 0);
	assert_int_equal(list.count, 2);
	assert_string_equal(list.entries[1].path, "sub/link");
	assert_int_equal(list.entries[1].size, 5);
	file_list_release(&list);

	assert_int_equal(symlink("sub", in("folder-link")), 0);
	assert_failure(file_list_read(folder, 9, &list, &f), f, STATUS_UNACCEPTABLE,
		"folder-link: not a regular file");
	assert_int_equal(unlink(in("folder-link")), 0);

	assert_int_equal(mkfifo(in("sub/fifo"), 0666), 0);
	assert_failure(file_list_read(folder, 9, &list, &f), f, STATUS_UNACCEPTABLE,
		"sub/fifo: not a regular file");
	assert_int_equal(unlink(in("sub/fifo")), 0);

	assert_int_equal(symlink("nowhere", in("sub/dangling")), 0);
	assert_failure(file_list_read(folder, 9, &list, &f), f, STATUS_MISSING, "sub/dangling: ");
}

static void a_list_of_no_folder_or_of_one_nested_too_deeply_fails(void **state)
{
	struct file_list list;
	struct fail f;
	char deep[200] = "";
	(void)state;
	unit_write(in("file"), "");
	assert_failure(file_list_read(in("none"), 9, &list, &f), f, STATUS_MISSING, "none: ");
	assert_failure(file_list_read(in("file"), 9, &list, &f), f, STATUS_MISSING, "file: ");
	for (int i = 0; i < 31; i++)
		strcat(deep, "d/");
	assert_int_equal(file_make_directories(in(deep), &f), 0);
	assert_int_equal(file_list_read(folder, 9, &list, &f), 0);
	file_list_release(&list);
	strcat(deep, "d");
	assert_int_equal(file_make_directories(in(deep), &f), 0);
	assert_failure(
		file_list_read(folder, 9, &list, &f), f, STATUS_UNACCEPTABLE, "nested too deeply");
}

static void paths_are_joined_and_taken_apart_by_their_slashes(void **state)
{
	static const struct {
		const char *folder, *name, *joined;
	} joins[] = {
		{"a", "b", "a/b"},
		{"a/", "b", "a/b"},
		{"/", "b", "/b"},
		{"a", "/b", "/b"},
		{"", "b", "b"},
		{".", "b/c", "./b/c"},
	};
	static const struct {
		const char *path, *folder;
	} folders[] = {
		{"a", "."},
		{"a/b", "a"},
		{"/a", "/"},
		{"/", "/"},
		{"a/b/c", "a/b"},
		{"./a", "."},
		{"", "."},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(joins); i++) {
		char *joined = file_join(joins[i].folder, joins[i].name);
		assert_string_equal(joined, joins[i].joined);
		free(joined);
	}
	for (size_t i = 0; i < COUNT(folders); i++) {
		char *path = file_folder(folders[i].path);
		assert_string_equal(path, folders[i].folder);
		free(path);
	}
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(a_file_is_read_whole_or_refused_past_its_bound),
		IN_FOLDER(a_file_that_cannot_be_read_is_named_with_the_reason),
		IN_FOLDER(a_dangling_link_is_named_but_not_there),
		IN_FOLDER(folders_are_made_with_their_parents_and_may_be_there),
		IN_FOLDER(a_file_has_its_name_only_once_it_is_finished),
		IN_FOLDER(a_discarded_file_leaves_the_old_one_and_nothing_else),
		IN_FOLDER(a_file_that_cannot_take_its_name_leaves_no_temporary_one),
		IN_FOLDER(a_write_that_fails_half_way_leaves_the_old_file_alone),
		IN_FOLDER(a_read_only_folder_is_a_matter_of_the_disk),
		IN_FOLDER(a_file_without_its_folder_is_missing),
		IN_FOLDER(only_a_regular_file_is_ever_replaced),
		IN_FOLDER(two_writers_of_one_file_do_not_share_their_temporary_one),
		IN_FOLDER(what_a_killed_writer_left_is_removed_and_nothing_else),
		IN_FOLDER(a_sweep_takes_what_is_dead_and_leaves_what_is_alive),
		cmocka_unit_test(only_what_file_create_gives_is_a_temporary_name),
		IN_FOLDER(a_path_is_inside_wherever_links_lead),
		IN_FOLDER(everything_in_a_folder_is_removed_and_nothing_that_links_lead_to),
		IN_FOLDER(the_umask_decides_who_may_read_a_stored_file),
		IN_FOLDER(removing_what_is_not_there_is_fine),
		IN_FOLDER(a_lock_is_had_by_one_at_a_time_and_gone_when_released),
		IN_FOLDER(a_dead_holder_holds_nothing),
		IN_FOLDER(a_lock_on_a_file_that_was_replaced_does_not_count),
		IN_FOLDER(a_list_is_sorted_by_bytes_whatever_the_locale_and_its_depth),
		IN_FOLDER(a_list_grows_past_its_first_pieces),
		IN_FOLDER(a_link_to_a_file_is_followed_and_every_other_oddity_named),
		IN_FOLDER(a_list_of_no_folder_or_of_one_nested_too_deeply_fails),
		cmocka_unit_test(paths_are_joined_and_taken_apart_by_their_slashes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
