#include "unit.h"

#include "base/wrap.h"

static void words_are_filled_into_lines_of_eighty_columns(void **state)
{
	struct text text = {0};
	char words[1024] = "";
	(void)state;
	for (int i = 0; i < 100; i++)
		strcat(words, i > 0 ? " word" : "word");
	wrap_add(&text, words, 6);
	size_t count = 0;
	for (const char *line = text_string(&text); *line != '\0'; count++) {
		size_t size = strcspn(line, "\n");
		assert_in_range(size, 6, WRAP_WIDTH);
		assert_memory_equal(line, "      word", 10);
		line += size + 1;
	}
	/* 6 blanks and 15 words are 80 columns */
	assert_int_equal(count, 7);
	text_release(&text);
}

static void a_word_that_fits_nowhere_has_a_line_of_its_own(void **state)
{
	struct text text = {0};
	char word[101];
	(void)state;
	memset(word, 'x', 100);
	word[100] = '\0';
	char *words = text_format("a  %s b", word);
	char *lines = text_format("  a\n  %s\n  b\n", word);
	wrap_add(&text, words, 2);
	assert_string_equal(text_string(&text), lines);
	free(words);
	free(lines);
	text_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_filled_into_lines_of_eighty_columns),
		cmocka_unit_test(a_word_that_fits_nowhere_has_a_line_of_its_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
