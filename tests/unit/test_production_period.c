/* Who was Production when, how, and when nobody was: read from what versions and their model keep.
 */
#include "state_table.h"

#include "mlflow/types.h"
#include "registry/production_period.h"
#include "registry/tags.h"

#define AT(day) "\"at\":\"2026-11-" day "T00:00:00Z\""
#define TO_PRODUCTION(day, how)                                                                    \
	"{" AT(day) ",\"to\":\"Production\",\"by\":\"ann\",\"how\":\"" how "\"}"
#define ARCHIVED(day, instead)                                                                     \
	"{" AT(day) ",\"to\":\"Archived\",\"by\":\"ann\",\"for\":\"" instead "\"}"

struct history_row {
	int64_t number;
	const char *stage, *updated, *history;
};

/* "NUMBER FROM-TO HOW" a line each, gaps as "none FROM-TO"; days of November, "?" unknown. */
static const char *day(int64_t ms, bool lasts, char out[8])
{
	char text[32];
	if (ms == 0)
		return lasts ? "now" : "?";
	clock_format_rfc3339(text, ms);
	snprintf(out, 8, "%.2s", text + 8);
	return out;
}

static void add_gaps(struct text *text, const struct production_periods *periods, size_t before)
{
	char from[8], to[8];
	for (size_t i = 0; i < periods->gap_count; i++)
		if (periods->gaps[i].before == before)
			text_printf(text, "none %s-%s\n",
				day(periods->gaps[i].from_ms, false, from),
				day(periods->gaps[i].to_ms, true, to));
}

static char *told(const struct registry_state *observed)
{
	struct production_periods periods;
	struct text text = {0};
	production_periods_read(observed, &periods);
	for (size_t i = 0; i < periods.count; i++) {
		const struct production_period *period = &periods.items[i];
		char from[8], to[8];
		add_gaps(&text, &periods, i);
		text_printf(&text, "%d%s %s-%s %s\n", (int)period->version,
			period->deleted ? " deleted" : "", day(period->from_ms, false, from),
			day(period->to_ms, period->lasts, to),
			period->how != NULL ? period->how : "?");
	}
	add_gaps(&text, &periods, periods.count);
	production_periods_release(&periods);
	return text_take(&text);
}

static void make(struct registry_state *observed, const struct history_row *rows, size_t count)
{
	struct version_row table[ROWS_MAX] = {0};
	char time[64];
	for (size_t i = 0; i < count; i++)
		table[i] = (struct version_row){rows[i].number, rows[i].stage, "01"};
	table_state(observed, true, table, NULL);
	for (size_t i = 0; i < count; i++) {
		struct version *version = &observed->versions.items[i];
		table_tag(version, TAG_HISTORY, rows[i].history);
		assert_true(clock_parse_rfc3339(
			table_time(rows[i].updated, time), &version->updated_ms));
	}
}

static void check(const struct history_row *rows, size_t count, const char *wanted)
{
	struct registry_state observed;
	make(&observed, rows, count);
	char *text = told(&observed);
	assert_string_equal(text, wanted);
	free(text);
	state_release(&observed);
}

static void one_after_another_leaves_no_gap(void **state)
{
	static const struct history_row rows[] = {
		{1, "Archived", "05",
			"[" TO_PRODUCTION("03", "training") "," ARCHIVED("05", "2") "]"},
		{2, "Production", "05", "[" TO_PRODUCTION("05", "override") "]"},
	};
	(void)state;
	check(rows, COUNT(rows), "1 03-05 training\n2 05-now override\n");
}

static void an_outage_is_a_gap_whether_it_is_over_or_lasts(void **state)
{
	static const struct history_row lasting[] = {
		{1, "Archived", "05", "[" TO_PRODUCTION("03", "training") "]"}};
	static const struct history_row over[] = {{1, "Production", "07",
		"[" TO_PRODUCTION("03", "training") ",{" AT(
			"07") ",\"to\":\"Production\",\"how\":"
			      "\"repair\",\"lost\":\"2026-11-05T00:00:00Z\"}]"}};
	(void)state;
	check(lasting, COUNT(lasting), "1 03-05 training\nnone 05-now\n");
	check(over, COUNT(over), "1 03-05 training\nnone 05-07\n1 07-now repair\n");
}

static void what_others_did_is_theirs_and_of_an_earlier_release_nobody_knows_how(void **state)
{
	static const struct history_row rows[] = {
		{1, "Archived", "04",
			"[{" AT("03") ",\"to\":\"Production\",\"by\":\"ann\"}," ARCHIVED(
				"04", "2") "]"},
		{2, "Archived", "06",
			"[{" AT("06") ",\"to\":\"Archived\",\"for\":\"3\",\"since\":"
				      "\"2026-11-04T00:00:00Z\"}]"},
		{3, "Production", "06", NULL},
	};
	(void)state;
	check(rows, COUNT(rows), "1 03-04 ?\n2 04-06 outside\n3 06-now outside\n");
}

static void a_time_that_nobody_knows_is_no_gap(void **state)
{
	static const struct history_row rows[] = {
		{1, "Archived", "04", NULL},
		{2, "Production", "08", "[" TO_PRODUCTION("05", "by hand") "]"},
	};
	(void)state;
	check(rows, 1, "1 ?-04 outside\nnone 04-now\n");
	check(rows, COUNT(rows), "1 ?-04 outside\nnone 04-05\n2 05-now by hand\n");
}

static void a_deleted_version_stays_told_until_it_turns_out_to_be_there(void **state)
{
	static const struct history_row rows[] = {
		{1, "Production", "05", "[" TO_PRODUCTION("05", "rollback") "]"}};
	static const char gone[] = "[" TO_PRODUCTION("03", "training") "," ARCHIVED(
		"05", "1") ",{" AT("09") ",\"to\":\"Deleted\",\"by\":\"ann\",\"created\":1}]";
	struct registry_state observed;
	(void)state;
	make(&observed, rows, COUNT(rows));
	observed.model.tags = memory_get(1, sizeof(struct pair));
	observed.model.tags[0] = (struct pair){text_copy(TAG_DELETED "2"), text_copy(gone)};
	observed.model.tag_count = 1;
	char *text = told(&observed);
	assert_string_equal(text, "2 deleted 03-05 training\n1 05-now rollback\n");
	free(text);
	observed.versions.items[0].number = 2;
	observed.versions.items[0].created_ms = 1;
	text = told(&observed);
	assert_string_equal(text, "2 05-now rollback\n");
	free(text);
	state_release(&observed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_after_another_leaves_no_gap),
		cmocka_unit_test(an_outage_is_a_gap_whether_it_is_over_or_lasts),
		cmocka_unit_test(
			what_others_did_is_theirs_and_of_an_earlier_release_nobody_knows_how),
		cmocka_unit_test(a_time_that_nobody_knows_is_no_gap),
		cmocka_unit_test(a_deleted_version_stays_told_until_it_turns_out_to_be_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
