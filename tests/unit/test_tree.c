/* A directory whose links are followed inside of it alone, whatever is swapped meanwhile. */
#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/text.h"
#include "base/tree.h"

static char *folder;
static const char *root; /* folder/model */

static const char *in(const char *name)
{
	return unit_path(root, name);
}

static int make_folder(void **state)
{
	(void)state;
	folder = unit_folder();
	root = strdup(unit_path(folder, "model"));
	if (mkdir(root, 0777) != 0 || mkdir(in("sub"), 0777) != 0)
		return -1;
	unit_write(unit_path(folder, "secret"), "secret");
	unit_write(in("file"), "12345");
	unit_write(in("sub/file"), "123");
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	free((char *)root);
	unit_folder_remove(folder);
	return 0;
}

/* "PATH PATH ..." of all files, or the error; valid until the next call. */
static const char *listed(const char *path, size_t max, enum status *status)
{
	static char said[1024];
	struct tree tree;
	struct file_list list = {0};
	struct fail f = {0};
	struct text text = {0};
	int result = tree_open(path, &tree, &f);
	if (result == 0)
		result = tree_list(&tree, max, &list, &f);
	for (size_t i = 0; result == 0 && i < list.count; i++)
		text_printf(&text, "%s%s", i > 0 ? " " : "", list.entries[i].path);
	snprintf(said, sizeof(said), "%s", result == 0 ? text_string(&text) : f.text);
	*status = result == 0 ? STATUS_PROMOTED : f.status;
	text_release(&text);
	file_list_release(&list);
	tree_release(&tree);
	tree_release(&tree);
	return said;
}

static void assert_listed(const char *path, const char *files)
{
	enum status status;
	assert_string_equal(listed(path, 100, &status), files);
	assert_int_equal(status, STATUS_PROMOTED);
}

static void assert_refused(const char *path, enum status wanted, const char *text)
{
	enum status status;
	const char *said = listed(path, 100, &status);
	assert_contains(said, text);
	assert_int_equal(status, wanted);
}

static void links_inside_are_followed(void **state)
{
	static const struct {
		const char *link, *target, *files;
	} rows[] = {
		{"link", "file", "file link sub/file"},
		{"link", "./sub/../file", "file link sub/file"},
		{"link", "../model/file", "file link sub/file"}, /* out and in again */
		{"link", "sub", "file link/file sub/file"},
		{"link", "sub/", "file link/file sub/file"},
		{"sub/link", "../file", "file sub/file sub/link"},
		{"..link", "file", "..link file sub/file"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(symlink(rows[i].target, in(rows[i].link)), 0);
		assert_listed(root, rows[i].files);
		assert_int_equal(unlink(in(rows[i].link)), 0);
	}
	assert_int_equal(symlink(in("sub/file"), in("absolute")), 0);
	assert_int_equal(symlink("absolute", in("chain")), 0);
	assert_listed(root, "absolute chain file sub/file");
}

static void the_directory_itself_may_be_a_link(void **state)
{
	(void)state;
	assert_int_equal(symlink("model", unit_path(folder, "current")), 0);
	assert_int_equal(symlink("sub/file", in("link")), 0);
	assert_int_equal(symlink(unit_path(folder, "current/file"), in("through")), 0);
	assert_listed(unit_path(folder, "current"), "file link sub/file through");
}

static void what_leads_out_or_nowhere_or_around_is_refused_by_name(void **state)
{
	static const struct {
		const char *link, *target;
		enum status status;
		const char *text;
	} rows[] = {
		{"a", "/etc/passwd", STATUS_UNACCEPTABLE,
			"a: a link that leads out of the directory, to /etc/passwd"},
		{"a", "/etc", STATUS_UNACCEPTABLE, "a: a link that leads out"},
		{"sub/a", "../../secret", STATUS_UNACCEPTABLE, "sub/a: a link that leads out"},
		{"a", "..", STATUS_UNACCEPTABLE, "a: a link that leads out"},
		{"a", "../model-not", STATUS_UNACCEPTABLE, "a: a link that leads out"},
		{"a", "/dev/zero", STATUS_UNACCEPTABLE, "a: a link that leads out"},
		{"a", "a", STATUS_UNACCEPTABLE, "a: a link that leads to itself"},
		{"a", ".", STATUS_UNACCEPTABLE, "a: a link that leads back"},
		{"sub/a", "..", STATUS_UNACCEPTABLE, "sub/a: a link that leads back"},
		{"sub/a", ".", STATUS_UNACCEPTABLE, "sub/a: a link that leads back"},
		{"a", "none", STATUS_MISSING, "a: a link to what does not exist"},
		{"a", "/none", STATUS_MISSING, "a: a link to what does not exist"},
	};
	(void)state;
	unit_write(unit_path(folder, "model-not"), "a name that begins as the directory's");
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(symlink(rows[i].target, in(rows[i].link)), 0);
		assert_refused(root, rows[i].status, rows[i].text);
		assert_int_equal(unlink(in(rows[i].link)), 0);
	}
	assert_refused(in("none"), STATUS_MISSING, "cannot be opened: ");
	assert_refused(in("file"), STATUS_MISSING, "cannot be opened: ");
}

static void what_is_neither_file_nor_directory_is_refused_at_once(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	(void)state;
	assert_int_equal(mkfifo(in("sub/fifo"), 0666), 0);
	assert_refused(root, STATUS_UNACCEPTABLE, "sub/fifo: not a regular file");
	assert_int_equal(symlink("sub/fifo", in("a")), 0);
	assert_refused(root, STATUS_UNACCEPTABLE, "fifo: not a regular file");
	assert_int_equal(unlink(in("sub/fifo")), 0);
	assert_int_equal(unlink(in("a")), 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", in("socket"));
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_refused(root, STATUS_UNACCEPTABLE, "socket: not a regular file");
	close(fd);
}

/* As a ConfigMap, a Secret or a projected volume is mounted, also while it is being replaced. */
static void a_kubernetes_volume_has_each_file_once(void **state)
{
	(void)state;
	unlink(in("file"));
	unlink(in("sub/file"));
	rmdir(in("sub"));
	assert_int_equal(mkdir(in("..2026_11_27"), 0777), 0);
	assert_int_equal(mkdir(in("..2026_11_28"), 0777), 0);
	assert_int_equal(mkdir(in("..2026_11_28/variables"), 0777), 0);
	unit_write(in("..2026_11_27/old"), "");
	unit_write(in("..2026_11_28/saved_model.pb"), "");
	unit_write(in("..2026_11_28/variables/variables.index"), "");
	assert_int_equal(symlink("..data/saved_model.pb", in("saved_model.pb")), 0);
	assert_int_equal(symlink("..data/variables", in("variables")), 0);
	assert_listed(in("..2026_11_28"), "saved_model.pb variables/variables.index");
	assert_refused(root, STATUS_MISSING, "a link to what does not exist");
	assert_int_equal(symlink("..2026_11_28", in("..data")), 0);
	assert_listed(root, "saved_model.pb variables/variables.index");
}

/* Two links in each of few directories make two to the power of them paths, without any file. */
static void links_without_end_are_bounded(void **state)
{
	char name[8], next[16];
	(void)state;
	for (char at = 'a'; at < 'z'; at++) {
		snprintf(name, sizeof(name), "%c", at);
		assert_int_equal(mkdir(in(name), 0777), 0);
		for (int i = 1; i <= 2; i++) {
			snprintf(name, sizeof(name), "%c/%d", at, i);
			snprintf(next, sizeof(next), "../%c", at + 1);
			assert_int_equal(symlink(at == 'y' ? "../file" : next, in(name)), 0);
		}
	}
	enum status status;
	assert_contains(listed(root, 50, &status), "more than 50 files and directories");
	assert_int_equal(status, STATUS_UNACCEPTABLE);
	assert_contains(listed(root, 100000, &status), "more than 100 links to directories");
	assert_int_equal(status, STATUS_UNACCEPTABLE);
}

static void directories_nested_too_deeply_are_refused(void **state)
{
	char deep[200] = "";
	(void)state;
	for (int i = 0; i < 32; i++) {
		strcat(deep, "d/");
		assert_int_equal(mkdir(in(deep), 0777), 0);
		if (i < 31)
			assert_listed(root, "file sub/file");
	}
	assert_refused(root, STATUS_UNACCEPTABLE, "nested too deeply");
}

/* What is between the check and the read: each of these is there when the file is opened. */
static void what_was_swapped_since_the_listing_is_refused(void **state)
{
	static const struct {
		const char *command, *text;
	} rows[] = {
		{"ln -s ../secret file", "file: a link that leads out"},
		{"mkfifo file", "file: not a regular file"},
		{"mkdir file", "file: a directory where a file was"},
		{"ln -s sub file", "file: a directory where a file was"},
		{"ln -s /dev/zero file", "file: a link that leads out"},
	};
	struct tree tree;
	struct fail f;
	int fd;
	(void)state;
	assert_int_equal(tree_open(root, &tree, &f), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *command = text_format("cd %s && rm -rf file && %s", root, rows[i].command);
		assert_int_equal(system(command), 0);
		free(command);
		assert_failure(tree_open_file(&tree, "file", &fd, &f), f, STATUS_UNACCEPTABLE,
			rows[i].text);
	}
	/* a directory on the way, and the directory itself */
	assert_int_equal(rename(in("sub"), unit_path(folder, "sub")), 0);
	assert_int_equal(symlink("..", in("sub")), 0);
	assert_failure(tree_open_file(&tree, "sub/secret", &fd, &f), f, STATUS_UNACCEPTABLE,
		"sub/secret: a link that leads out");
	tree_release(&tree);
}

/* The other side of a race: one name is a file and a link out of the directory, in turn. */
static void *swap(void *context)
{
	atomic_bool *over = context;
	char *file = strdup(in("file")), *target = strdup(in("sub/file"));
	char *next = strdup(unit_path(folder, "next"));
	for (bool is_link = true; !atomic_load(over); is_link = !is_link) {
		int made = is_link ? symlink("../../secret", next) : link(file, next);
		if (made != 0 || rename(next, target) != 0)
			abort();
		unlink(next); /* what is the target's other name stays after a rename */
	}
	free(file);
	free(target);
	free(next);
	return NULL;
}

static void a_file_that_is_swapped_all_the_time_never_leads_out(void **state)
{
	struct tree tree;
	struct fail f;
	atomic_bool over = false;
	pthread_t thread;
	int opened = 0, refused = 0;
	(void)state;
	assert_int_equal(tree_open(root, &tree, &f), 0);
	assert_int_equal(pthread_create(&thread, NULL, swap, &over), 0);
	while (opened < 300 || refused < 300) {
		char bytes[16];
		int fd;
		if (tree_open_file(&tree, "sub/file", &fd, &f) != 0) {
			assert_int_equal(f.status, STATUS_UNACCEPTABLE);
			refused++;
			continue;
		}
		assert_in_range(read(fd, bytes, sizeof(bytes)), 3, 5);
		assert_memory_equal(bytes, "123", 3);
		close(fd);
		opened++;
	}
	atomic_store(&over, true);
	pthread_join(thread, NULL);
	tree_release(&tree);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(links_inside_are_followed),
		TEST(the_directory_itself_may_be_a_link),
		TEST(what_leads_out_or_nowhere_or_around_is_refused_by_name),
		TEST(what_is_neither_file_nor_directory_is_refused_at_once),
		TEST(a_kubernetes_volume_has_each_file_once),
		TEST(links_without_end_are_bounded),
		TEST(directories_nested_too_deeply_are_refused),
		TEST(what_was_swapped_since_the_listing_is_refused),
		TEST(a_file_that_is_swapped_all_the_time_never_leads_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
