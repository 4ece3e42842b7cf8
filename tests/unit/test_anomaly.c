#include "base/fail.h"
#include "base/text.h"
#include "registry/anomaly.h"
#include "registry/tags.h"
#include "state_table.h"

#define P "Production"
#define A "Archived"

struct row {
	const char *name;
	struct version_row versions[ROWS_MAX];
	int64_t alias;
	bool aliases;
	const char *found; /* "kind: text" of each, a line each */
};

static void check(const struct row *row, bool stages)
{
	struct registry_state observed;
	struct anomalies anomalies;
	struct text text = {0};
	table_state(&observed, stages, row->versions, NULL);
	table_alias(&observed, ALIAS_PRODUCTION, row->alias);
	anomalies_find(&observed, row->aliases, &anomalies);
	for (size_t i = 0; i < anomalies.count; i++)
		text_printf(&text, "%s: %s\n", anomalies.items[i].kind, anomalies.items[i].text);
	if (strcmp(text_string(&text), row->found) != 0)
		fail_msg("%s: %s", row->name, text_string(&text));
	text_release(&text);
	anomalies_release(&anomalies);
	anomalies_release(&anomalies);
	state_release(&observed);
}

static void each_anomaly_is_named_with_its_versions(void **state)
{
	static const struct row rows[] = {
		{"nothing registered", {{0}}, 0, true, ""},
		{"all well", {{1, A, "01", "01"}, {2, P, "02", "02"}}, 2, true, ""},
		{"no alias is nobody's", {{1, P, "01", "01"}}, 0, true, ""},
		{"several", {{1, P, "01", "01"}, {2, A, "02"}, {3, P, "03", "03"}}, 3, true,
			"several_production: several versions are Production: 1 3\n"},
		{"several, and the winner is another",
			{{1, P, "01", "01"}, {2, P, "02", "02"}, {3, A, "03", "03"}}, 0, true,
			"several_production: several versions are Production: 1 2\n"
			"not_the_winner: version 3 should be Production and is not\n"},
		{"none", {{1, "None", "01"}, {2, A, "02", "02"}}, 0, true,
			"no_production: no version is Production\n"},
		{"the wrong one", {{1, P, "01", "01"}, {2, "None", "02", "02"}}, 0, true,
			"not_the_winner: version 2 should be Production and is not\n"},
		{"the alias is behind", {{1, A, "01", "01"}, {2, P, "02", "02"}}, 1, true,
			"alias_apart: alias production is version 1, it should be version 2\n"},
		{"the alias of a server without them", {{1, A, "01", "01"}, {2, P, "02", "02"}}, 1,
			false, ""},
		{"an alias where nobody should be", {{1, "None", "01"}}, 1, true,
			"no_production: no version is Production\n"
			"alias_apart: alias production is version 1, and none should be "
			"Production\n"},
		{"a package twice",
			{{.number = 1, .stage = P, .created = "01", .digest = "aa"},
				{.number = 2, .digest = "aa"}, {.number = 3, .digest = "bb"}},
			0, true, "duplicate: version 2 is the same package as version 1\n"},
		{"a package twice, and marked",
			{{.number = 1, .stage = P, .created = "01", .digest = "aa"},
				{.number = 2, .digest = "aa", .duplicate_of = "1"}},
			0, true, ""},
		{"not ready",
			{{.number = 1,
				.stage = P,
				.created = "01",
				.status = "FAILED_REGISTRATION"}},
			0, true, "not_ready: version 1 is FAILED_REGISTRATION\n"},
		{"what the server says is escaped",
			{{.number = 1, .stage = P, .created = "01", .status = "A\nB\033[2J"}}, 0,
			true, "not_ready: version 1 is A\\x0aB\\x1b[2J\n"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check(&rows[i], true);
}

static void without_stages_the_alias_cannot_be_apart_from_itself(void **state)
{
	static const struct row rows[] = {
		{"all well", {{1, NULL, "01", "01"}}, 1, true, ""},
		{"behind", {{1, NULL, "01", "01"}, {2, NULL, "02", "02"}}, 1, true,
			"not_the_winner: version 2 should be Production and is not\n"},
		{"nowhere", {{1, NULL, "01", "01"}}, 7, true,
			"no_production: no version is Production\n"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check(&rows[i], false);
}

/* What is wrong with version 2 in Production, the alias with it, and the other alias at `previous`.
 */
static void previous_at(int64_t previous, const char *history, const char *found)
{
	static const struct version_row rows[ROWS_MAX] = {
		{1, A, "01", "01"}, {2, P, "02", "02"}, {3, "None", "03"}};
	struct registry_state observed;
	struct anomalies anomalies;
	table_state(&observed, true, rows, NULL);
	table_tag(&observed.versions.items[1], TAG_HISTORY, history);
	table_alias(&observed, ALIAS_PRODUCTION, 2);
	table_alias(&observed, ALIAS_PREVIOUS, previous);
	anomalies_find(&observed, true, &anomalies);
	assert_int_equal(anomalies.count, found != NULL);
	if (found != NULL)
		assert_string_equal(anomalies.items[0].text, found);
	anomalies_release(&anomalies);
	anomalies_find(&observed, false, &anomalies);
	assert_int_equal(anomalies.count, 0);
	state_release(&observed);
}

static void the_alias_of_the_previous_one_is_ours_to_keep(void **state)
{
	const char *apart = "alias previous is not version 1, where a rollback goes";
	(void)state;
	previous_at(1, "[]", NULL);
	previous_at(0, "[]", apart);
	previous_at(3, "[]", apart);
	previous_at(0, NULL, NULL);
	previous_at(3, NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_anomaly_is_named_with_its_versions),
		cmocka_unit_test(without_stages_the_alias_cannot_be_apart_from_itself),
		cmocka_unit_test(the_alias_of_the_previous_one_is_ours_to_keep),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
