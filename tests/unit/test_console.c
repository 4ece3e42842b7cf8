#include "unit.h"

#include <fcntl.h>
#include <pthread.h>

#include "base/console.h"
#include "base/text.h"
#include "base/utf8.h"

/* What a function wrote to stdout and stderr, in a child: the console closes for good. */
struct written {
	char out[8192];
	char err[8192];
};

static void run(int (*function)(void *), struct written *written)
{
	char *folder = unit_folder();
	const char *out = unit_path(folder, "out"), *err = unit_path(folder, "err");
	int ended = unit_child(function, NULL, out, err);
	unit_read(out, written->out, sizeof(written->out));
	unit_read(err, written->err, sizeof(written->err));
	unit_folder_remove(folder);
	assert_true(WIFEXITED(ended));
	assert_int_equal(WEXITSTATUS(ended), 0);
}

/* A progress bar that was last printed long ago, so that the next piece is shown. */
static void show_progress(uint64_t total, uint64_t bytes)
{
	struct progress progress;
	progress_start(&progress, "upload", total);
	progress.started -= 10000;
	progress.printed -= 10000;
	progress_add(&progress, bytes);
	progress_end(&progress);
}

static int say_everything(void *argument)
{
	(void)argument;
	console_say("said %d", 1);
	console_warn("warned");
	console_error("failed");
	console_print("table\n");
	show_progress(20 << 20, 10 << 20);
	console_result("{\"exit\":0}");
	console_say("late");
	console_warn("late");
	console_error("late");
	console_print("late\n");
	console_result("late");
	show_progress(20 << 20, 10 << 20);
	return 0;
}

static void nothing_follows_the_result_line_on_either_stream(void **state)
{
	struct written written;
	(void)state;
	run(say_everything, &written);
	assert_string_equal(written.out, "table\n{\"exit\":0}\n");
	assert_lacks(written.err, "late");
	const char *start = "said 1\nwarning: warned\nmodelhook: failed\nupload: 10.0 of 20.0 MiB";
	assert_memory_equal(written.err, start, strlen(start));
	assert_contains(written.err, "upload: 10.0 of 20.0 MiB, 1.0 MiB/s, 10 s left\n");
}

static int say_quietly(void *argument)
{
	console_set_quiet(true);
	return say_everything(argument);
}

static void quiet_leaves_warnings_errors_and_what_was_asked_for(void **state)
{
	struct written written;
	(void)state;
	run(say_quietly, &written);
	assert_string_equal(written.out, "table\n{\"exit\":0}\n");
	assert_string_equal(written.err, "warning: warned\nmodelhook: failed\n");
}

static int say_hostile_things(void *argument)
{
	struct text text = {0};
	(void)argument;
	console_warn("%s", "a\nmodelhook: done\033[2J\xff");
	while (text.size < 5000)
		text_add_string(&text, "\xe2\x82\xac");
	console_say("%s", text_string(&text));
	text_release(&text);
	return 0;
}

static void a_message_is_one_line_of_utf8_whatever_it_holds(void **state)
{
	struct written written;
	(void)state;
	run(say_hostile_things, &written);
	const char *start = "warning: a\\x0amodelhook: done\\x1b[2J\\xff\n\xe2\x82\xac";
	assert_memory_equal(written.err, start, strlen(start));
	const char *second = strchr(written.err, '\n') + 1;
	assert_in_range(strlen(second), 2000, 2048);
	assert_int_equal(second[strlen(second) - 1], '\n');
	assert_true(utf8_is_valid(second, strlen(second)));
}

static int show_unstarted(void *argument)
{
	struct progress progress = {0};
	(void)argument;
	progress_add(&progress, 1 << 30);
	progress_end(&progress);
	progress_end(&progress);
	progress_start(&progress, "short", 100);
	progress_add(&progress, 100);
	progress_end(&progress);
	printf("%s%s", console_bold(), console_plain());
	return console_is_terminal() ? 1 : 0;
}

static void a_step_that_is_over_at_once_shows_no_progress_and_a_file_no_colour(void **state)
{
	struct written written;
	(void)state;
	run(show_unstarted, &written);
	assert_string_equal(written.err, "");
	assert_string_equal(written.out, "");
}

static void *add_much(void *progress)
{
	for (int i = 0; i < 10000; i++)
		progress_add(progress, 3);
	return NULL;
}

static void progress_counts_what_several_threads_add(void **state)
{
	struct progress progress;
	pthread_t threads[4];
	(void)state;
	progress_start(&progress, "inspect", 0);
	for (size_t i = 0; i < COUNT(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, add_much, &progress), 0);
	for (size_t i = 0; i < COUNT(threads); i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(progress.done, COUNT(threads) * 10000 * 3);
	progress_end(&progress);
}

/* The child's stdout and stderr are a terminal; what it wrote, up to size. */
static void run_on_terminal(int (*function)(void *), void *argument, char *seen, size_t size)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	size_t used = 0;
	assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	const char *name = ptsname(master);
	int slave = open(name, O_RDWR | O_NOCTTY);
	assert_true(slave >= 0);
	int ended = unit_child(function, argument, name, name);
	fcntl(master, F_SETFL, O_NONBLOCK);
	for (ssize_t count; used < size - 1; used += (size_t)count) {
		count = read(master, seen + used, size - 1 - used);
		if (count <= 0)
			break;
	}
	seen[used] = '\0';
	close(slave);
	close(master);
	assert_true(WIFEXITED(ended) && WEXITSTATUS(ended) == 0);
}

static int show_bars(void *argument)
{
	const uint64_t *total = argument;
	show_progress(*total, 10 << 20);
	console_say("next");
	return 0;
}

static void a_bar_on_a_terminal_is_filled_as_far_as_the_work_is_and_cleared(void **state)
{
	uint64_t total = 20 << 20;
	char seen[4096];
	(void)state;
	run_on_terminal(show_bars, &total, seen, sizeof(seen));
	assert_contains(seen, "\r\033[K[############............] upload: 10.0 of 20.0 MiB");
	assert_contains(seen, "\r\033[Kupload: 10.0 of 20.0 MiB");
	assert_contains(seen, "\r\nnext\r\n");
}

static void a_bar_of_unknown_length_is_not_shown_as_full(void **state)
{
	uint64_t total = 0;
	char seen[4096];
	(void)state;
	run_on_terminal(show_bars, &total, seen, sizeof(seen));
	assert_contains(seen, "[........................] upload: 10.0 MiB, 1.0 MiB/s");
	assert_lacks(seen, "#");
	assert_lacks(seen, " left");
}

static void more_than_the_total_fills_the_bar_and_no_more(void **state)
{
	uint64_t total = 1 << 20;
	char seen[4096];
	(void)state;
	run_on_terminal(show_bars, &total, seen, sizeof(seen));
	assert_contains(seen, "[########################] upload: 10.0 of 1.0 MiB");
}

static int show_colour(void *argument)
{
	if (argument != NULL)
		setenv("NO_COLOR", argument, 1);
	else
		unsetenv("NO_COLOR");
	printf("<%sx%s>", console_bold(), console_plain());
	return 0;
}

static void colour_is_for_terminals_unless_no_color_says_otherwise(void **state)
{
	char seen[256];
	(void)state;
	run_on_terminal(show_colour, NULL, seen, sizeof(seen));
	assert_string_equal(seen, "<\033[1mx\033[0m>");
	run_on_terminal(show_colour, (char[]){"1"}, seen, sizeof(seen));
	assert_string_equal(seen, "<x>");
	run_on_terminal(show_colour, (char[]){""}, seen, sizeof(seen));
	assert_string_equal(seen, "<\033[1mx\033[0m>");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_follows_the_result_line_on_either_stream),
		cmocka_unit_test(quiet_leaves_warnings_errors_and_what_was_asked_for),
		cmocka_unit_test(a_message_is_one_line_of_utf8_whatever_it_holds),
		cmocka_unit_test(
			a_step_that_is_over_at_once_shows_no_progress_and_a_file_no_colour),
		cmocka_unit_test(progress_counts_what_several_threads_add),
		cmocka_unit_test(a_bar_on_a_terminal_is_filled_as_far_as_the_work_is_and_cleared),
		cmocka_unit_test(a_bar_of_unknown_length_is_not_shown_as_full),
		cmocka_unit_test(more_than_the_total_fills_the_bar_and_no_more),
		cmocka_unit_test(colour_is_for_terminals_unless_no_color_says_otherwise),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
