/* Columns for people: counted as a terminal counts them, and cut between two characters. */
#include "unit.h"

#include "base/table.h"
#include "base/text.h"
#include "base/utf8.h"

#define FISH "\xf0\x9f\x90\x9f"			/* an emoji: two columns */
#define KANJI "\xe9\xad\x9a"			/* two columns */
#define RYBA "\xd1\x80\xd1\x8b\xd0\xb1\xd0\xb0" /* four columns in eight bytes */

static void a_string_is_as_wide_as_a_terminal_shows_it(void **state)
{
	static const struct {
		const char *string;
		size_t width;
	} rows[] = {
		{"", 0}, {"fish", 4}, {RYBA, 4}, {KANJI KANJI, 4}, {FISH, 2}, {FISH "-fish", 7},
		{"e\xcc\x81", 1},		 /* e and a combining acute */
		{"\xed\x95\x9c", 2},		 /* a syllable of Hangul */
		{"\xe1\x84\x92\xe1\x85\xa1", 2}, /* the same of two jamo */
		{"\xef\xbd\xb1", 1},		 /* half width */
		{"\xef\xbc\xa1", 2},		 /* full width */
		{"\xe2\x9d\xa4\xef\xb8\x8f", 2}, /* a heart that a selector makes an emoji */
		{"\xe2\x80\x8b", 0},		 /* a blank without width */
		{"\xf0\x9f\x87\xb7\xf0\x9f\x87\xba", 2}, /* a flag */
		{"\xe2\x80\xa6", 1},			 /* an ellipsis */
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_row(table_width(rows[i].string) == rows[i].width, rows[i].string);
}

static const char *const titles[] = {"model", "by"};

static char *printed(const char *const *cells, size_t count, size_t room)
{
	struct table table;
	struct text text = {0};
	table_begin(&table, titles, COUNT(titles));
	for (size_t i = 0; i < count; i++)
		table_add(&table, cells[i]);
	table_print(&table, room, &text);
	table_release(&table);
	return text_take(&text);
}

static void columns_stand_below_each_other_in_any_script(void **state)
{
	static const char *const cells[] = {RYBA, "a", KANJI, "b", FISH "x", NULL};
	(void)state;
	char *text = printed(cells, COUNT(cells), 0);
	assert_string_equal(text, "model  by\n" RYBA "   a\n" KANJI "     b\n" FISH "x    -\n");
	free(text);
}

static void without_a_terminal_nothing_is_cut(void **state)
{
	char name[301];
	const char *const cells[] = {name, "me"};
	(void)state;
	memset(name, 'x', 300);
	name[300] = '\0';
	char *text = printed(cells, COUNT(cells), 0);
	assert_contains(text, name);
	free(text);
}

static void on_a_narrow_one_the_widest_cells_end_in_an_ellipsis_between_two_characters(void **state)
{
	static const char *const cells[] = {KANJI KANJI KANJI KANJI KANJI KANJI, "me"};
	(void)state;
	for (size_t room = 10; room <= 15; room++) {
		char *text = printed(cells, COUNT(cells), room);
		assert_true(utf8_is_valid(text, strlen(text)));
		assert_contains(text, "\xe2\x80\xa6");
		assert_contains(text, " me\n");
		for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
			assert_in_range(table_width(line), 1, room);
		free(text);
	}
	char *whole = printed(cells, COUNT(cells), 16);
	assert_lacks(whole, "\xe2\x80\xa6");
	free(whole);
}

static void what_a_server_says_moves_no_cursor_and_breaks_no_row(void **state)
{
	static const char *const cells[] = {"\033[2J\nx", "\xff\xe9\xad"};
	(void)state;
	char *text = printed(cells, COUNT(cells), 0);
	assert_string_equal(text, "model         by\n\\x1b[2J\\x0ax  \\xff\\xe9\\xad\n");
	free(text);
}

static void rows_that_were_kept_apart_come_together(void **state)
{
	struct table table, row = {.columns = COUNT(titles)};
	struct text text = {0};
	(void)state;
	table_begin(&table, titles, COUNT(titles));
	table_add(&row, "fish");
	table_add_bold(&row, "3");
	table_append(&table, &row);
	assert_null(row.cells);
	table_print(&table, 0, &text);
	assert_string_equal(text_string(&text), "model  by\nfish   3\n");
	text_release(&text);
	table_release(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_string_is_as_wide_as_a_terminal_shows_it),
		cmocka_unit_test(columns_stand_below_each_other_in_any_script),
		cmocka_unit_test(without_a_terminal_nothing_is_cut),
		cmocka_unit_test(
			on_a_narrow_one_the_widest_cells_end_in_an_ellipsis_between_two_characters),
		cmocka_unit_test(what_a_server_says_moves_no_cursor_and_breaks_no_row),
		cmocka_unit_test(rows_that_were_kept_apart_come_together),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
