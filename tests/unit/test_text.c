#include "unit.h"

#include "base/escape.h"
#include "base/text.h"
#include "base/utf8.h"

static void what_a_terminal_obeys_is_escaped_and_what_it_shows_is_kept(void **state)
{
	static const struct {
		const char *in;
		size_t size;
		const char *out;
	} rows[] = {
		{"plain ~ \\ \"", 11, "plain ~ \\ \""},
		{"a\0b", 3, "a\\x00b"},
		{"\t\n\r\x1b[2J", 7, "\\x09\\x0a\\x0d\\x1b[2J"},
		{"\x7f", 1, "\\x7f"},
		{"\xc2\x80\xc2\x9b\xc2\x9f", 6, "\\xc2\\x80\\xc2\\x9b\\xc2\\x9f"},
		{"\xc2\xa0\xc3\xa9", 4, "\xc2\xa0\xc3\xa9"},
		{"\xe2\x82\xac\xf0\x9f\x90\x9f", 7, "\xe2\x82\xac\xf0\x9f\x90\x9f"},
		{"\xe2\x80\xa7\xe2\x80\xaf", 6, "\xe2\x80\xa7\xe2\x80\xaf"},
		{"\xe2\x80\xa8\xe2\x80\xae", 6, "\\xe2\\x80\\xa8\\xe2\\x80\\xae"},
		{"\xe2\x81\xa6\xe2\x81\xa9", 6, "\\xe2\\x81\\xa6\\xe2\\x81\\xa9"},
		{"\xe2\x81\xa5\xe2\x81\xaa", 6, "\xe2\x81\xa5\xe2\x81\xaa"},
		{"\x80\xff", 2, "\\x80\\xff"},
		{"\xc0\xaf", 2, "\\xc0\\xaf"},
		{"\xed\xa0\x80", 3, "\\xed\\xa0\\x80"},
		{"\xe2\x82", 2, "\\xe2\\x82"},
		{"\xe2\x82z", 3, "\\xe2\\x82z"},
		{"", 0, ""},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct text text = {0}, again = {0};
		escape_add(&text, rows[i].in, rows[i].size);
		assert_string_equal(text_string(&text), rows[i].out);
		escape_add(&again, text_string(&text), text.size);
		assert_string_equal(text_string(&again), rows[i].out);
		text_release(&text);
		text_release(&again);
	}
}

static void an_escaped_buffer_is_cut_before_what_does_not_fit(void **state)
{
	static const struct {
		const char *in;
		size_t room;
		const char *out;
	} rows[] = {
		{"abc", 4, "abc"},
		{"abc", 3, "ab"},
		{"abc", 1, ""},
		{"a\xe2\x82\xac", 5, "a\xe2\x82\xac"},
		{"a\xe2\x82\xac", 4, "a"},
		{"a\xe2\x82\xac", 3, "a"},
		{"a\n", 6, "a\\x0a"},
		{"a\n", 5, "a"},
		{"a\nb", 5, "a"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *buffer = malloc(rows[i].room);
		assert_ptr_equal(
			escape_into(buffer, rows[i].room, rows[i].in, strlen(rows[i].in)), buffer);
		assert_string_equal(buffer, rows[i].out);
		free(buffer);
	}
}

static void utf8_is_what_rfc_3629_says(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		bool valid;
	} rows[] = {
		{"", 0, true},
		{"a\0b", 3, true},
		{"\x7f", 1, true},
		{"\x80", 1, false},
		{"\xc1\xbf", 2, false},
		{"\xc2\x80", 2, true},
		{"\xdf\xbf", 2, true},
		{"\xdf\xc0", 2, false},
		{"\xe0\x9f\xbf", 3, false},
		{"\xe0\xa0\x80", 3, true},
		{"\xed\x9f\xbf", 3, true},
		{"\xed\xa0\x80", 3, false},
		{"\xef\xbf\xbf", 3, true},
		{"\xef\xbf", 2, false},
		{"\xf0\x8f\xbf\xbf", 4, false},
		{"\xf0\x90\x80\x80", 4, true},
		{"\xf4\x8f\xbf\xbf", 4, true},
		{"\xf4\x90\x80\x80", 4, false},
		{"\xf5\x80\x80\x80", 4, false},
		{"\xf0\x90\x80", 3, false},
		{"\xff", 1, false},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char name[16];
		snprintf(name, sizeof(name), "row %zu", i);
		assert_row(utf8_is_valid(rows[i].bytes, rows[i].size) == rows[i].valid, name);
	}
}

static void a_text_grows_by_pieces_of_any_size_and_stays_a_string(void **state)
{
	struct text text = {0};
	(void)state;
	assert_string_equal(text_string(&text), "");
	for (size_t i = 0; i < 300; i++) {
		text_add(&text, "0123456789", i % 11 < 10 ? i % 11 : 10);
		text_printf(&text, "%s", "");
		assert_int_equal(text.data[text.size], '\0');
	}
	size_t size = text.size;
	text_printf(&text, "[%0200d]", 7);
	assert_int_equal(text.size, size + 202);
	text_clear(&text);
	assert_string_equal(text_string(&text), "");
	text_add_string(&text, "again");
	char *taken = text_take(&text);
	assert_string_equal(taken, "again");
	assert_null(text.data);
	free(taken);
	text_release(&text);
	text_release(&text);
}

static void the_string_of_an_empty_text_can_be_taken(void **state)
{
	struct text text = {0};
	(void)state;
	char *taken = text_take(&text);
	assert_string_equal(taken, "");
	free(taken);
	char *formatted = text_format("%s", "");
	assert_string_equal(formatted, "");
	free(formatted);
	assert_null(text_copy(NULL));
}

static void null_equals_only_null(void **state)
{
	(void)state;
	assert_true(text_equal(NULL, NULL));
	assert_false(text_equal(NULL, ""));
	assert_false(text_equal("", NULL));
	assert_true(text_equal("a", "a"));
	assert_false(text_equal("a", "A"));
}

static void starts_and_ends_are_compared_whole(void **state)
{
	(void)state;
	assert_true(text_starts_with("model", "mod"));
	assert_true(text_starts_with("model", ""));
	assert_false(text_starts_with("mo", "mod"));
	assert_true(text_ends_with("a.tar.gz", ".tar.gz"));
	assert_true(text_ends_with("a", ""));
	assert_false(text_ends_with("gz", ".tar.gz"));
	assert_false(text_ends_with("a.tar.gzz", ".tar.gz"));
}

static void hex_is_lower_case_and_exactly_as_long_as_asked(void **state)
{
	const uint8_t bytes[] = {0x00, 0x0f, 0xa5, 0xff};
	char out[9];
	(void)state;
	text_hex(out, bytes, sizeof(bytes));
	assert_string_equal(out, "000fa5ff");
	assert_true(text_is_hex("000fa5ff", 8));
	assert_false(text_is_hex("000fa5ff", 7));
	assert_false(text_is_hex("000FA5FF", 8));
	assert_false(text_is_hex("000fa5fg", 8));
	assert_true(text_is_hex("", 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_terminal_obeys_is_escaped_and_what_it_shows_is_kept),
		cmocka_unit_test(an_escaped_buffer_is_cut_before_what_does_not_fit),
		cmocka_unit_test(utf8_is_what_rfc_3629_says),
		cmocka_unit_test(a_text_grows_by_pieces_of_any_size_and_stays_a_string),
		cmocka_unit_test(the_string_of_an_empty_text_can_be_taken),
		cmocka_unit_test(null_equals_only_null),
		cmocka_unit_test(starts_and_ends_are_compared_whole),
		cmocka_unit_test(hex_is_lower_case_and_exactly_as_long_as_asked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
