#include "base/fail.h"
#include "registry/tags.h"
#include "state_table.h"

/* The decision of a person for a version on a day of November 2026. */
#define DECIDE(version, day)                                                                       \
	"{\"version\":\"" version "\",\"at\":\"2026-11-" day                                       \
	"T00:00:00Z\",\"by\":\"ann\",\"why\":\"\"}"

/* One constellation, and what follows from it. */
struct row {
	const char *name;
	struct version_row versions[ROWS_MAX];
	const char *decision;
	int64_t winner;
	int64_t previous; /* of the winner */
	bool settled;	  /* by stage alone */
};

static void check(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct registry_state observed;
		table_state(&observed, true, rows[i].versions, rows[i].decision);
		int64_t winner = state_desired_version(&observed);
		if (winner != rows[i].winner)
			fail_msg("%s: the winner is %lld", rows[i].name, (long long)winner);
		int64_t previous = state_previous(&observed, winner);
		if (previous != rows[i].previous)
			fail_msg("%s: the previous is %lld", rows[i].name, (long long)previous);
		assert_row(state_is_converged(&observed, true, false) == rows[i].settled,
			rows[i].name);
		state_release(&observed);
		state_release(&observed);
	}
}

#define CHECK(...)                                                                                 \
	do {                                                                                       \
		(void)state;                                                                       \
		static const struct row rows[] = {__VA_ARGS__};                                    \
		check(rows, COUNT(rows));                                                          \
	} while (0)

#define P "Production"
#define A "Archived"

static void nobody_wins_where_nobody_may_be_production(void **state)
{
	CHECK({"no version", {{0}}, .settled = true},
		{"no intent", {{1, "None", "01"}, {2, "Staging", "02"}, {3, A, "03"}},
			.settled = true},
		{"all withdrawn", {{1, A, "01", "01", "x"}}, .settled = true},
		{"withdrawn and still Production", {{1, P, "01", "01", "x"}}, .settled = false});
}

static void the_training_with_the_newest_intent_wins(void **state)
{
	CHECK({"only one", {{1, P, "01", "01"}}, NULL, 1, 0, true},
		{"in order", {{1, A, "01", "01"}, {2, P, "02", "02"}}, NULL, 2, 1, true},
		{"registered in another order than trained",
			{{1, P, "01", "05"}, {2, A, "02", "03"}, {3, A, "03", "04"}}, NULL, 1, 3,
			true},
		{"not promoted yet", {{1, P, "01", "01"}, {2, "None", "02", "02"}}, NULL, 2, 1,
			false},
		{"the loser is Production", {{1, A, "01", "02"}, {2, P, "02", "01"}}, NULL, 1, 2,
			false},
		{"without intent it may not", {{1, P, "01", "01"}, {2, "None", "02"}}, NULL, 1, 0,
			true});
}

static void of_one_instant_the_higher_number_wins_and_the_lower_comes_before(void **state)
{
	CHECK({"two", {{1, A, "01", "05"}, {2, P, "02", "05"}}, NULL, 2, 1, true},
		{"three", {{1, A, "01", "05"}, {2, A, "02", "05"}, {7, P, "03", "05"}}, NULL, 7, 2,
			true},
		{"the same instant in two zones",
			{{1, A, "01", "2026-11-05T02:00:00+02:00"}, {2, P, "01", "05"}}, NULL, 2, 1,
			true},
		{"numbers beyond a digit", {{9, A, "01", "05"}, {10, P, "02", "05"}}, NULL, 10, 9,
			true},
		{"a millisecond is more than a number",
			{{1, P, "01", "2026-11-05T00:00:00.001Z"}, {2, A, "01", "05"}}, NULL, 1, 2,
			true});
}

static void an_unmanaged_version_counts_from_its_creation(void **state)
{
	CHECK({"alone", {{1, P, "03"}}, NULL, 1, 0, true},
		{"newer than our training", {{1, "None", "01", "02"}, {2, P, "03"}}, NULL, 2, 0,
			true},
		{"older than our training", {{1, P, "03"}, {2, "None", "04", "05"}}, NULL, 2, 1,
			false},
		{"of the same instant", {{1, P, "05"}, {2, "None", "06", "05"}}, NULL, 2, 1, false},
		{"once archived it is forgotten", {{1, A, "03"}, {2, P, "04", "05"}}, NULL, 2, 0,
			true},
		{"two of them", {{1, P, "03"}, {2, P, "04"}}, NULL, 2, 1, false},
		{"withdrawn", {{1, A, "01", "01"}, {2, P, "03", NULL, "x"}}, NULL, 1, 0, false});
}

static void several_in_production_are_never_settled(void **state)
{
	CHECK({"the winner among them", {{1, P, "01", "01"}, {2, P, "02", "02"}}, NULL, 2, 1,
		      false},
		{"the winner not among them",
			{{1, P, "01", "01"}, {2, P, "02", "02"}, {3, A, "03", "03"}}, NULL, 3, 2,
			false});
}

static void what_was_withdrawn_is_no_candidate_any_more(void **state)
{
	CHECK({"the newest", {{1, P, "01", "01"}, {2, A, "02", "02", "x"}}, NULL, 1, 0, true},
		{"one in the middle",
			{{1, A, "01", "01"}, {2, A, "02", "02", "x"}, {3, P, "03", "03"}}, NULL, 3,
			1, true},
		{"even an empty reason counts", {{1, P, "01", "01"}, {2, A, "02", "02", ""}}, NULL,
			1, 0, true});
}

static void a_duplicate_counts_only_while_its_first_is_gone(void **state)
{
	CHECK({"its first is there", {{1, P, "01", "01"}, {2, A, "02", "01", NULL, "1"}}, NULL, 1,
		      0, true},
		{"even where its first is no candidate",
			{{1, A, "01"}, {2, A, "02", "02", NULL, "1"}, {3, P, "03", "01"}}, NULL, 3,
			0, true},
		{"its first was deleted", {{2, P, "02", "02", NULL, "1"}}, NULL, 2, 0, true},
		{"it names itself", {{2, P, "02", "02", NULL, "2"}}, NULL, 2, 0, true},
		{"it names no number", {{1, A, "01", "01"}, {2, P, "02", "02", NULL, "1st"}}, NULL,
			2, 1, true});
}

static void a_decision_outranks_until_a_newer_training(void **state)
{
	CHECK({"for the older of two", {{1, P, "01", "01"}, {2, A, "02", "02"}}, DECIDE("1", "05"),
		      1, 0, true},
		{"for a version without intent", {{1, P, "01", "01"}, {2, "None", "02"}},
			DECIDE("2", "05"), 2, 1, false},
		{"for one that was withdrawn since", {{1, A, "01", "01"}, {2, P, "02", "02", "x"}},
			DECIDE("2", "05"), 1, 0, false},
		{"trained after it", {{1, A, "01", "01"}, {2, A, "02", "02"}, {3, P, "06", "06"}},
			DECIDE("1", "05"), 3, 2, true},
		{"trained at that very instant", {{1, P, "01", "01"}, {2, A, "02", "05"}},
			DECIDE("1", "05"), 1, 0, true},
		{"trained before it, registered after it",
			{{1, P, "01", "01"}, {2, "None", "07", "04"}}, DECIDE("1", "05"), 1, 0,
			true},
		{"an unmanaged version promoted after it", {{1, A, "01", "01"}, {2, P, "06"}},
			DECIDE("1", "05"), 2, 1, true},
		{"an unmanaged version from before it", {{1, A, "01", "01"}, {2, P, "04"}},
			DECIDE("1", "05"), 1, 0, false},
		{"trained after it and withdrawn", {{1, P, "01", "01"}, {2, A, "06", "06", "x"}},
			DECIDE("1", "05"), 1, 0, true},
		{"in another zone", {{1, A, "01", "01"}, {2, P, "05", "05"}},
			"{\"version\":\"1\",\"at\":\"2026-11-05T00:30:00+01:00\"}", 2, 1, true});
}

static void a_decision_for_a_version_that_is_gone_does_not_count(void **state)
{
	CHECK({"the newest training wins again", {{1, A, "01", "01"}, {2, P, "02", "02"}},
		      DECIDE("9", "05"), 2, 1, true},
		{"nobody is left", {{0}}, DECIDE("9", "05"), 0, 0, true});
}

static void a_decision_that_cannot_be_read_does_not_count(void **state)
{
#define ROW(text) {text, {{1, A, "01", "01"}, {2, P, "02", "02"}}, text, 2, 1, true}
	CHECK(ROW(""), ROW("1"), ROW("null"), ROW("[]"), ROW("{"), ROW("{}"),
		ROW("[{\"version\":\"1\",\"at\":\"2026-11-05T00:00:00Z\"}]"),
		ROW("{\"version\":1,\"at\":\"2026-11-05T00:00:00Z\"}"), ROW("{\"version\":\"1\"}"),
		ROW("{\"version\":\"1\",\"at\":\"2026-11-05\"}"),
		ROW("{\"version\":\"1\",\"at\":5}"),
		ROW("{\"Version\":\"1\",\"at\":\"2026-11-05T00:00:00Z\"}"),
		ROW("{\"version\":\"1x\",\"at\":\"2026-11-05T00:00:00Z\"}"),
		ROW("{\"version\":\" 1\",\"at\":\"2026-11-05T00:00:00Z\"}"),
		ROW("{\"version\":\"01\",\"at\":\"2026-11-05T00:00:00Z\"}"),
		ROW("{\"version\":\"\",\"at\":\"2026-11-05T00:00:00Z\"}"),
		ROW("{\"version\":\"-1\",\"at\":\"2026-11-05T00:00:00Z\"}"),
		ROW("{\"version\":\"99999999999999999999\",\"at\":\"2026-11-05T00:00:00Z\"}"));
#undef ROW
}

static void an_intent_that_cannot_be_read_is_none(void **state)
{
	CHECK({"of a version in no stage", {{1, P, "01", "01"}, {2, "None", "02", "yesterday"}},
		      NULL, 1, 0, true},
		{"without a zone", {{1, P, "01", "01"}, {2, "None", "02", "2026-11-09T00:00:00"}},
			NULL, 1, 0, true},
		{"empty", {{1, P, "01", "01"}, {2, "None", "02", ""}}, NULL, 1, 0, true},
		{"in Production it counts as unmanaged",
			{{1, A, "01", "01"}, {2, P, "02", "yesterday"}}, NULL, 2, 1, true});
}

static void the_previous_is_the_training_before_and_not_who_was_there_before(void **state)
{
	struct registry_state observed;
	static const struct version_row rows[ROWS_MAX] = {{1, A, "01", "04"}, {2, A, "02", "02"},
		{3, P, "03", "05"}, {4, A, "04", "03"}, {5, "None", "05"}};
	(void)state;
	table_state(&observed, true, rows, NULL);
	assert_int_equal(state_previous(&observed, 3), 1);
	assert_int_equal(state_previous(&observed, 1), 4);
	assert_int_equal(state_previous(&observed, 4), 2);
	assert_int_equal(state_previous(&observed, 2), 0);
	/* without an intent it has its place by its creation: after 1, of the instant of 3 */
	assert_int_equal(state_previous(&observed, 5), 3);
	assert_int_equal(state_previous(&observed, 9), 0);
	assert_int_equal(state_previous(&observed, 0), 0);
	state_release(&observed);
}

static void the_aliases_are_settled_when_both_point_where_they_should(void **state)
{
	static const struct {
		int64_t production, previous;
		bool settled;
	} rows[] = {{2, 1, true}, {2, 0, false}, {1, 1, false}, {0, 1, false}, {2, 2, false}};
	static const struct version_row versions[ROWS_MAX] = {
		{1, A, "01", "01"}, {2, P, "02", "02"}};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct registry_state observed;
		table_state(&observed, true, versions, NULL);
		table_alias(&observed, "unrelated", 9);
		table_alias(&observed, ALIAS_PRODUCTION, rows[i].production);
		table_alias(&observed, ALIAS_PREVIOUS, rows[i].previous);
		assert_true(state_is_converged(&observed, true, false));
		assert_int_equal(state_is_converged(&observed, true, true), rows[i].settled);
		state_release(&observed);
	}
}

static void a_first_training_needs_no_previous_alias_and_refuses_a_stale_one(void **state)
{
	static const struct version_row versions[ROWS_MAX] = {{2, P, "02", "02"}};
	struct registry_state observed;
	(void)state;
	table_state(&observed, true, versions, NULL);
	table_alias(&observed, ALIAS_PRODUCTION, 2);
	assert_true(state_is_converged(&observed, true, true));
	table_alias(&observed, ALIAS_PREVIOUS, 1);
	assert_false(state_is_converged(&observed, true, true));
	state_release(&observed);
}

/* Archived by hand before it ever served, it has a history that tells so. */
static void an_archived_version_served_by_its_history_else_by_its_stage(void **state)
{
	static const struct {
		const char *history;
		int64_t previous;
	} rows[] = {
		{NULL, 2},
		{"{", 2},
		{"[]", 2},
		{"[{\"to\":\"Archived\"}]", 1},
		{"[{\"to\":\"Staging\"},{\"to\":\"Archived\"}]", 1},
		{"[{\"to\":\"Production\"},{\"to\":\"Archived\"}]", 2},
		{"[{\"to\":\"Archived\",\"for\":\"3\"}]", 2},
	};
	static const struct version_row versions[ROWS_MAX] = {
		{1, A, "01", "01"}, {2, A, "02", "02"}, {3, P, "03", "03"}};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct registry_state observed;
		table_state(&observed, true, versions, NULL);
		table_tag(&observed.versions.items[1], TAG_HISTORY, rows[i].history);
		assert_row(state_previous(&observed, 3) == rows[i].previous,
			rows[i].history != NULL ? rows[i].history : "none");
		state_release(&observed);
	}
}

/* A create carried out after its caller had stopped asking: nobody has marked it yet. */
static void of_one_package_the_lowest_version_stands_for_it(void **state)
{
	static const struct version_row versions[ROWS_MAX] = {
		{1, P, "01", "01"},
		{.number = 2, .created = "02", .intent = "02", .digest = "aa"},
		{.number = 3, .created = "02", .intent = "02", .digest = "aa"},
	};
	struct registry_state observed;
	(void)state;
	table_state(&observed, true, versions, NULL);
	assert_int_equal(state_desired_version(&observed), 2);
	state_release(&observed);
}

static void without_stages_the_alias_alone_says_what_is_production(void **state)
{
	static const struct version_row versions[ROWS_MAX] = {
		{1, P, "01"}, {2, NULL, "02", "02"}, {3, NULL, "03"}};
	struct registry_state observed;
	(void)state;
	table_state(&observed, false, versions, NULL);
	assert_int_equal(state_production_count(&observed), 0);
	assert_int_equal(state_desired_version(&observed), 2);
	assert_false(state_is_converged(&observed, false, true));
	table_alias(&observed, ALIAS_PRODUCTION, 3);
	assert_int_equal(state_production_count(&observed), 1);
	assert_true(state_is_production(&observed, &observed.versions.items[2]));
	assert_int_equal(state_desired_version(&observed), 3);
	/* version 2 was never Production, as far as its history says */
	assert_int_equal(state_previous(&observed, 3), 0);
	assert_true(state_is_converged(&observed, false, true));
	table_tag(&observed.versions.items[1], TAG_HISTORY, "[{\"to\":\"Production\"}]");
	assert_int_equal(state_previous(&observed, 3), 2);
	assert_false(state_is_converged(&observed, false, true));
	table_alias(&observed, ALIAS_PREVIOUS, 2);
	assert_true(state_is_converged(&observed, false, true));
	state_release(&observed);
}

static void an_alias_that_points_nowhere_is_no_production(void **state)
{
	static const struct version_row versions[ROWS_MAX] = {{1, NULL, "01", "01"}};
	struct registry_state observed;
	(void)state;
	table_state(&observed, false, versions, NULL);
	table_alias(&observed, ALIAS_PRODUCTION, 7);
	assert_int_equal(state_production_count(&observed), 0);
	assert_int_equal(state_alias(&observed, ALIAS_PRODUCTION), 7);
	assert_int_equal(state_desired_version(&observed), 1);
	assert_false(state_is_converged(&observed, false, true));
	state_release(&observed);
}

static void a_digest_is_found_at_its_lowest_version(void **state)
{
	static const struct version_row versions[ROWS_MAX] = {{.number = 1},
		{.number = 4, .digest = "bb"}, {.number = 6, .digest = "aa"},
		{.number = 8, .digest = "aa"}, {.number = 9, .digest = "b"}};
	struct registry_state observed;
	(void)state;
	table_state(&observed, true, versions, NULL);
	assert_int_equal(state_find_digest(&observed, "aa")->number, 6);
	assert_int_equal(state_find_digest(&observed, "b")->number, 9);
	assert_null(state_find_digest(&observed, "cc"));
	assert_null(state_find_digest(&observed, ""));
	assert_int_equal(state_version(&observed, 8)->number, 8);
	assert_null(state_version(&observed, 2));
	state_release(&observed);
}

static void an_unmanaged_version_is_in_production_without_an_intent_that_can_be_read(void **state)
{
	static const struct version_row versions[ROWS_MAX] = {
		{1, P, "01"}, {2, P, "02", "02"}, {3, P, "03", "soon"}, {4, A, "04"}};
	static const bool unmanaged[] = {true, false, true, false};
	struct registry_state observed;
	(void)state;
	table_state(&observed, true, versions, NULL);
	for (size_t i = 0; i < COUNT(unmanaged); i++)
		assert_int_equal(
			version_is_unmanaged(&observed, &observed.versions.items[i]), unmanaged[i]);
	state_release(&observed);
}

/* What two promoters compute does not depend on who they are or what they read before: with every
 * stage that one of them may have left, the winner by intents is the same. */
static void the_winner_by_intents_does_not_depend_on_the_stages(void **state)
{
	static const char *const stages[] = {"None", P, A, "Staging"};
	(void)state;
	for (int left = 0; left < 64; left++) {
		struct registry_state observed;
		const struct version_row versions[ROWS_MAX] = {
			{1, stages[left % 4], "01", "03"},
			{2, stages[left / 4 % 4], "02", "05"},
			{3, stages[left / 16], "03", "04"},
		};
		table_state(&observed, true, versions, NULL);
		assert_int_equal(state_desired_version(&observed), 2);
		state_release(&observed);
	}
}

static void a_training_that_was_never_production_is_no_way_back(void **state)
{
	static const struct version_row versions[ROWS_MAX] = {
		{1, A, "01", "03"}, {2, "None", "02", "04"}, {3, P, "03", "05"}};
	struct registry_state observed;
	(void)state;
	table_state(&observed, true, versions, NULL);
	assert_int_equal(state_previous(&observed, 3), 1);
	state_release(&observed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_wins_where_nobody_may_be_production),
		cmocka_unit_test(the_training_with_the_newest_intent_wins),
		cmocka_unit_test(of_one_instant_the_higher_number_wins_and_the_lower_comes_before),
		cmocka_unit_test(an_unmanaged_version_counts_from_its_creation),
		cmocka_unit_test(several_in_production_are_never_settled),
		cmocka_unit_test(what_was_withdrawn_is_no_candidate_any_more),
		cmocka_unit_test(a_duplicate_counts_only_while_its_first_is_gone),
		cmocka_unit_test(a_decision_outranks_until_a_newer_training),
		cmocka_unit_test(a_decision_for_a_version_that_is_gone_does_not_count),
		cmocka_unit_test(a_decision_that_cannot_be_read_does_not_count),
		cmocka_unit_test(an_intent_that_cannot_be_read_is_none),
		cmocka_unit_test(a_training_that_was_never_production_is_no_way_back),
		cmocka_unit_test(the_previous_is_the_training_before_and_not_who_was_there_before),
		cmocka_unit_test(the_aliases_are_settled_when_both_point_where_they_should),
		cmocka_unit_test(a_first_training_needs_no_previous_alias_and_refuses_a_stale_one),
		cmocka_unit_test(an_archived_version_served_by_its_history_else_by_its_stage),
		cmocka_unit_test(of_one_package_the_lowest_version_stands_for_it),
		cmocka_unit_test(without_stages_the_alias_alone_says_what_is_production),
		cmocka_unit_test(an_alias_that_points_nowhere_is_no_production),
		cmocka_unit_test(a_digest_is_found_at_its_lowest_version),
		cmocka_unit_test(
			an_unmanaged_version_is_in_production_without_an_intent_that_can_be_read),
		cmocka_unit_test(the_winner_by_intents_does_not_depend_on_the_stages),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
