#include "unit.h"

#include "base/suggest.h"

static const char *const words[] = {
	"run", "replay", "status", "promote", "rollback", "history", "--plan", "at_least"};

static void a_near_word_is_found_and_a_far_one_is_not(void **state)
{
	static const struct {
		const char *given, *best;
	} rows[] = {
		{"staus", "status"},
		{"sattus", "status"},
		{"STATUS", "status"},
		{"promte", "promote"},
		{"rolback", "rollback"},
		{"--polan", "--plan"},
		{"at_lest", "at_least"},
		{"rum", "run"},
		{"xyz", NULL},
		{"rolling-back", NULL},
		{"undo", NULL},
		{"", NULL},
		{"s", NULL},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct suggestion suggestion = suggest_for(rows[i].given);
		for (size_t j = 0; j < COUNT(words); j++)
			suggest_offer(&suggestion, words[j]);
		if (rows[i].best == NULL)
			assert_row(suggestion.best == NULL, rows[i].given);
		else
			assert_string_equal(suggestion.best, rows[i].best);
	}
}

static void a_hint_stays_where_nothing_is_near(void **state)
{
	struct fail f;
	(void)state;
	fail_set(&f, STATUS_USAGE, "no");
	fail_hint(&f, "modelhook help");
	struct suggestion suggestion = suggest_for("xyz");
	suggest_offer(&suggestion, "status");
	assert_int_equal(suggest_hint(&suggestion, &f), -1);
	assert_string_equal(f.hint, "modelhook help");
	suggest_offer(&suggestion, "xyz\n");
	assert_int_equal(suggest_hint(&suggestion, &f), -1);
	assert_string_equal(f.hint, "did you mean xyz\\x0a?");
}

static void a_word_of_any_length_may_be_offered(void **state)
{
	char name[256];
	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	struct suggestion suggestion = suggest_for(name);
	suggest_offer(&suggestion, name);
	assert_null(suggestion.best);
	name[64] = '\0';
	suggestion = suggest_for(name);
	suggest_offer(&suggestion, name + 1);
	assert_ptr_equal(suggestion.best, name + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_near_word_is_found_and_a_far_one_is_not),
		cmocka_unit_test(a_hint_stays_where_nothing_is_near),
		cmocka_unit_test(a_word_of_any_length_may_be_offered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
