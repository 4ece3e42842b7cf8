#include "unit.h"

#include <errno.h>

#include "base/console.h"
#include "base/panic.h"
#include "base/text.h"
#include "base/utf8.h"

static void a_failure_holds_its_status_and_text_and_nothing_of_the_one_before(void **state)
{
	struct fail f;
	(void)state;
	errno = EIO;
	fail_errno(&f, STATUS_DISK, "old");
	fail_hint(&f, "old hint");
	f.http = 503;
	assert_int_equal(fail_set(&f, STATUS_REFUSED, "version %d", 3), -1);
	assert_int_equal(f.status, STATUS_REFUSED);
	assert_string_equal(f.text, "version 3");
	assert_string_equal(f.hint, "");
	assert_int_equal(f.os, 0);
	assert_int_equal(f.http, 0);
}

static void a_layer_adds_its_noun_in_front_and_keeps_the_rest(void **state)
{
	struct fail f;
	(void)state;
	errno = ENOSPC;
	fail_errno(&f, STATUS_DISK, "/data/%s", "x");
	fail_hint(&f, "make room");
	assert_int_equal(fail_wrap(&f, "package %s", "model"), -1);
	assert_string_equal(f.text, "package model: /data/x: No space left on device");
	assert_string_equal(f.hint, "make room");
	assert_int_equal(f.status, STATUS_DISK);
	assert_int_equal(f.os, ENOSPC);
}

static void what_was_filled_can_be_an_argument_of_its_own_refill(void **state)
{
	struct fail f;
	(void)state;
	fail_set(&f, STATUS_LATER, "inner");
	fail_set(&f, STATUS_LATER, "outer: %s", f.text);
	assert_string_equal(f.text, "outer: inner");
}

/* Every alignment of the cut to the characters before it. */
static void a_text_too_long_is_cut_between_two_characters(void **state)
{
	static const char *const characters[] = {
		"a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x90\x9f"};
	(void)state;
	for (size_t c = 0; c < COUNT(characters); c++) {
		for (int shift = 0; shift < 8; shift++) {
			struct fail f;
			struct text text = {0};
			text_printf(&text, "%.*s", shift, "1234567");
			while (text.size < 3000)
				text_add_string(&text, characters[c]);
			fail_set(&f, STATUS_LATER, "%s", text_string(&text));
			assert_true(utf8_is_valid(f.text, strlen(f.text)));
			assert_in_range(strlen(f.text), sizeof(f.text) - 4, sizeof(f.text) - 1);
			fail_wrap(&f, "%.*s", shift, "7654321");
			assert_true(utf8_is_valid(f.text, strlen(f.text)));
			assert_in_range(strlen(f.text), sizeof(f.text) - 4, sizeof(f.text) - 1);
			fail_hint(&f, "%s", text_string(&text));
			assert_true(utf8_is_valid(f.hint, strlen(f.hint)));
			assert_in_range(strlen(f.hint), sizeof(f.hint) - 4, sizeof(f.hint) - 1);
			errno = EACCES;
			fail_errno(&f, STATUS_DISK, "%s", text_string(&text));
			assert_true(utf8_is_valid(f.text, strlen(f.text)));
			text_release(&text);
		}
	}
}

static void what_came_from_outside_cannot_start_a_second_line(void **state)
{
	struct fail f;
	(void)state;
	fail_set(&f, STATUS_MISSING, "%s", "a\nmodelhook: promoted\033[2K\x9b\r");
	assert_string_equal(f.text, "a\\x0amodelhook: promoted\\x1b[2K\\x9b\\x0d");
	fail_wrap(&f, "%s", "b\n");
	assert_string_equal(f.text, "b\\x0a: a\\x0amodelhook: promoted\\x1b[2K\\x9b\\x0d");
	fail_hint(&f, "%s", "c\t");
	assert_string_equal(f.hint, "c\\x09");
}

static void an_errno_of_a_read_says_whether_it_is_missing_or_bad(void **state)
{
	static const struct {
		int os;
		enum status input, output;
	} rows[] = {
		{ENOENT, STATUS_MISSING, STATUS_MISSING},
		{ENOTDIR, STATUS_MISSING, STATUS_MISSING},
		{EACCES, STATUS_UNACCEPTABLE, STATUS_DISK},
		{EISDIR, STATUS_UNACCEPTABLE, STATUS_DISK},
		{EIO, STATUS_DISK, STATUS_DISK},
		{EMFILE, STATUS_DISK, STATUS_DISK},
		{ENOSPC, STATUS_UNACCEPTABLE, STATUS_DISK},
		{EROFS, STATUS_UNACCEPTABLE, STATUS_DISK},
		{EDQUOT, STATUS_UNACCEPTABLE, STATUS_DISK},
		{EFBIG, STATUS_UNACCEPTABLE, STATUS_DISK},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_row(fail_input_status(rows[i].os) == rows[i].input, strerror(rows[i].os));
		assert_row(fail_output_status(rows[i].os) == rows[i].output, strerror(rows[i].os));
	}
}

static void say_last_words(enum status status, const char *text)
{
	console_error("%s", text);
	printf("last words: %s (%d)\n", text, status);
	fflush(stdout);
}

static int die_of_a_defect(void *argument)
{
	panic_set_handler(say_last_words);
	INVARIANT(argument == NULL && 1 + 1 == 3);
	return 0;
}

static int die_of_memory(void *argument)
{
	(void)argument;
	panic_set_handler(say_last_words);
	panic_out_of_memory();
}

static int die_without_a_handler(void *argument)
{
	(void)argument;
	panic_out_of_memory();
}

static void say_too_much(enum status status, const char *text)
{
	(void)text;
	panic_defect("last words", (int)status, "a handler");
}

static int die_in_the_handler(void *argument)
{
	(void)argument;
	panic_set_handler(say_too_much);
	panic_out_of_memory();
}

static void die(int (*function)(void *), int status, const char *words)
{
	char *folder = unit_folder(), out[1024], err[1024];
	const char *out_path = unit_path(folder, "out"), *err_path = unit_path(folder, "err");
	int ended = unit_child(function, NULL, out_path, err_path);
	unit_read(out_path, out, sizeof(out));
	unit_read(err_path, err, sizeof(err));
	unit_folder_remove(folder);
	assert_true(WIFEXITED(ended));
	assert_int_equal(WEXITSTATUS(ended), status);
	assert_contains(out, "last words: ");
	assert_contains(out, words);
	assert_contains(err, "modelhook: ");
	assert_contains(err, words);
}

static void a_broken_invariant_ends_with_70_after_its_last_words(void **state)
{
	(void)state;
	die(die_of_a_defect, 70, "argument == NULL && 1 + 1 == 3 does not hold");
}

static void memory_that_cannot_be_had_ends_with_75_after_its_last_words(void **state)
{
	(void)state;
	die(die_of_memory, 75, "out of memory");
}

static void check_message(int (*function)(void *), int status, const char *message)
{
	char *folder = unit_folder(), err[1024];
	const char *path = unit_path(folder, "err");
	int ended = unit_child(function, NULL, NULL, path);
	unit_read(path, err, sizeof(err));
	unit_folder_remove(folder);
	assert_true(WIFEXITED(ended));
	assert_int_equal(WEXITSTATUS(ended), status);
	assert_string_equal(err, message);
}

static void without_a_handler_and_inside_it_the_message_goes_to_stderr(void **state)
{
	(void)state;
	check_message(die_without_a_handler, 75, "modelhook: out of memory\n");
	check_message(die_in_the_handler, 70,
		"modelhook: defect at last words:75: a handler does not hold\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failure_holds_its_status_and_text_and_nothing_of_the_one_before),
		cmocka_unit_test(a_layer_adds_its_noun_in_front_and_keeps_the_rest),
		cmocka_unit_test(what_was_filled_can_be_an_argument_of_its_own_refill),
		cmocka_unit_test(a_text_too_long_is_cut_between_two_characters),
		cmocka_unit_test(what_came_from_outside_cannot_start_a_second_line),
		cmocka_unit_test(an_errno_of_a_read_says_whether_it_is_missing_or_bad),
		cmocka_unit_test(a_broken_invariant_ends_with_70_after_its_last_words),
		cmocka_unit_test(memory_that_cannot_be_had_ends_with_75_after_its_last_words),
		cmocka_unit_test(without_a_handler_and_inside_it_the_message_goes_to_stderr),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
