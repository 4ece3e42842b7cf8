#include "base/fail.h"
#include "base/utf8.h"
#include "state_table.h"

#include <cjson/cJSON.h>

#include "http/plan.h"
#include "mlflow/mlflow.h"
#include "mlflow/types.h"
#include "registry/entries.h"
#include "registry/history.h"
#include "registry/tags.h"

/* A registry that plans: what would be written is kept in its observed, and nothing is sent. */
struct planned {
	struct plan plan;
	struct mlflow mlflow;
	struct registry registry;
};

static void planned_open(struct planned *p, const struct version_row rows[ROWS_MAX])
{
	*p = (struct planned){0};
	p->mlflow = (struct mlflow){.base = "http://h", .plan = &p->plan};
	p->registry = (struct registry){
		.mlflow = &p->mlflow, .model = "fish", .stage = true, .read = true};
	table_state(&p->registry.state, true, rows, NULL);
}

static void planned_release(struct planned *p)
{
	registry_release(&p->registry);
	text_release(&p->plan.calls);
}

static cJSON *history_of(struct planned *p, int64_t number)
{
	const char *tag = version_tag(state_version(&p->registry.state, number), TAG_HISTORY);
	cJSON *list = tag != NULL ? cJSON_Parse(tag) : cJSON_CreateArray();
	assert_true(cJSON_IsArray(list));
	return list;
}

static const char *said(const cJSON *list, int index, const char *key)
{
	return cJSON_GetStringValue(cJSON_GetObjectItem(cJSON_GetArrayItem(list, index), key));
}

static const struct version_row two[ROWS_MAX] = {
	{1, "Production", "01", "01"}, {2, "None", "02", "02"}};

static int record(struct registry *registry, int64_t number, const char *to, const char *by,
	int64_t instead, const char *why, struct fail *f)
{
	struct history_change change = {.to = to, .by = by, .why = why, .instead = instead};
	return history_record(registry, number, &change, f);
}

static void an_entry_says_when_where_to_by_whom_for_what_and_why(void **state)
{
	struct planned p;
	struct fail f;
	int64_t at;
	(void)state;
	planned_open(&p, two);
	assert_int_equal(record(&p.registry, 1, "Archived", "ann@h", 2, "drifted", &f), 0);
	assert_int_equal(record(&p.registry, 1, "Production", "bob@h", 0, NULL, &f), 0);
	cJSON *list = history_of(&p, 1);
	assert_int_equal(cJSON_GetArraySize(list), 2);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetArrayItem(list, 0)), 5);
	assert_true(clock_parse_rfc3339(said(list, 0, "at"), &at));
	assert_in_range(at, clock_now_ms() - 60000, clock_now_ms());
	assert_string_equal(said(list, 0, "to"), "Archived");
	assert_string_equal(said(list, 0, "by"), "ann@h");
	assert_string_equal(said(list, 0, "for"), "2");
	assert_string_equal(said(list, 0, "why"), "drifted");
	assert_int_equal(cJSON_GetArraySize(cJSON_GetArrayItem(list, 1)), 3);
	assert_string_equal(said(list, 1, "to"), "Production");
	assert_null(said(list, 1, "for"));
	assert_null(said(list, 1, "why"));
	cJSON_Delete(list);
	assert_int_equal(p.plan.count, 2);
	planned_release(&p);
}

static void a_transition_is_recorded_on_the_winner_and_on_whom_it_replaced(void **state)
{
	static const struct version_row rows[ROWS_MAX] = {{1, "Production", "01", "01"},
		{2, "None", "02", "02"}, {3, "Production", "03", "01"}, {4, "Archived", "04"}};
	struct planned p;
	struct fail f;
	(void)state;
	planned_open(&p, rows);
	assert_int_equal(history_record_transition(&p.registry, 2, "ann@h", &f), 0);
	for (int64_t number = 1; number <= 3; number += 2) {
		cJSON *list = history_of(&p, number);
		assert_int_equal(cJSON_GetArraySize(list), 1);
		assert_string_equal(said(list, 0, "to"), "Archived");
		assert_string_equal(said(list, 0, "for"), "2");
		cJSON_Delete(list);
	}
	cJSON *winner = history_of(&p, 2), *other = history_of(&p, 4);
	assert_int_equal(cJSON_GetArraySize(winner), 1);
	assert_string_equal(said(winner, 0, "to"), "Production");
	assert_null(said(winner, 0, "for"));
	assert_int_equal(cJSON_GetArraySize(other), 0);
	cJSON_Delete(winner);
	cJSON_Delete(other);
	planned_release(&p);
}

static void a_winner_that_was_production_beside_others_is_not_archived_in_its_history(void **state)
{
	static const struct version_row rows[ROWS_MAX] = {
		{1, "Production", "01", "01"}, {2, "Production", "02", "02"}};
	struct planned p;
	struct fail f;
	(void)state;
	planned_open(&p, rows);
	assert_int_equal(history_record_transition(&p.registry, 2, "ann@h", &f), 0);
	cJSON *winner = history_of(&p, 2);
	assert_int_equal(cJSON_GetArraySize(winner), 1);
	assert_string_equal(said(winner, 0, "to"), "Production");
	cJSON_Delete(winner);
	planned_release(&p);
}

static void a_transition_to_whom_a_person_chose_says_why_and_no_other_does(void **state)
{
	static const char decision[] =
		"{\"version\":\"2\",\"at\":\"2026-11-05T00:00:00Z\",\"why\":\"it sees sharks\"}";
	struct planned p;
	struct fail f;
	(void)state;
	for (int64_t winner = 1; winner <= 2; winner++) {
		planned_open(&p, two);
		struct registered_model *model = &p.registry.state.model;
		model->tags = memory_get(1, sizeof(*model->tags));
		model->tags[model->tag_count++] =
			(struct pair){.key = text_copy(TAG_DECISION), .value = text_copy(decision)};
		assert_int_equal(history_record_transition(&p.registry, winner, "ann@h", &f), 0);
		cJSON *first = history_of(&p, 1), *second = history_of(&p, 2);
		if (winner == 2) {
			assert_string_equal(said(first, 0, "why"), "it sees sharks");
			assert_string_equal(said(second, 0, "why"), "it sees sharks");
		} else {
			assert_null(said(first, 0, "why"));
		}
		cJSON_Delete(first);
		cJSON_Delete(second);
		planned_release(&p);
	}
}

static void a_transition_says_how_it_came(void **state)
{
	static const struct {
		const char *decision, *gate, *how, *why; /* how and why: of a command at work */
		const char *wanted_how, *wanted_why;
	} rows[] = {
		{NULL, NULL, NULL, NULL, "training", NULL},
		{NULL, "{\"verdict\":\"passed\"}", NULL, NULL, "training", NULL},
		{NULL, "{\"override\":{\"why\":\"ship it\"}}", NULL, NULL, "override", "ship it"},
		{NULL, "[", NULL, NULL, "training", NULL},
		{"{\"version\":\"2\",\"why\":\"old\"}", NULL, NULL, NULL, "by hand", "old"},
		{"{\"version\":\"2\",\"how\":\"by hand\"}", NULL, NULL, NULL, "by hand", NULL},
		{"{\"version\":\"2\",\"how\":\"rollback\"}", NULL, NULL, NULL, "rollback", NULL},
		{"{\"version\":\"2\",\"how\":\"repair\"}", NULL, NULL, NULL, "repair", NULL},
		{"{\"version\":\"2\",\"how\":7}", NULL, NULL, NULL, "by hand", NULL},
		{"{\"version\":\"1\",\"how\":\"rollback\"}", NULL, NULL, NULL, "training", NULL},
		{"{\"version\":\"2\",\"how\":\"rollback\",\"why\":\"x\"}", NULL, "repair", "none",
			"repair", "none"},
		{"{\"version\":\"2\",\"why\":\"x\"}", NULL, "repair", NULL, "repair", "x"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct planned p;
		struct fail f;
		planned_open(&p, two);
		table_tag(&p.registry.state.versions.items[1], TAG_GATE, rows[i].gate);
		if (rows[i].decision != NULL) {
			struct registered_model *model = &p.registry.state.model;
			model->tags = memory_get(1, sizeof(*model->tags));
			model->tags[model->tag_count++] =
				(struct pair){text_copy(TAG_DECISION), text_copy(rows[i].decision)};
		}
		p.registry.how = rows[i].how;
		p.registry.why = rows[i].why;
		assert_int_equal(history_record_transition(&p.registry, 2, "ann@h", &f), 0);
		cJSON *list = history_of(&p, 2);
		assert_string_equal(said(list, 0, "how"), rows[i].wanted_how);
		if (rows[i].wanted_why != NULL)
			assert_string_equal(said(list, 0, "why"), rows[i].wanted_why);
		else
			assert_null(said(list, 0, "why"));
		cJSON_Delete(list);
		planned_release(&p);
	}
}

/* The plan of one writer, who is killed before its last call: the tag itself is as it was. */
static void forget_last(struct planned *p, int64_t number, const char *before)
{
	struct version *version = state_version(&p->registry.state, number);
	for (size_t i = 0; i < version->tag_count; i++) {
		if (strcmp(version->tags[i].key, TAG_HISTORY) != 0)
			continue;
		free(version->tags[i].value);
		version->tags[i].value = text_copy(before);
	}
}

static void record_many(struct planned *p, int from, int to, bool killed)
{
	struct fail f;
	char by[24];
	for (int i = from; i < to; i++) {
		const struct version *version = state_version(&p->registry.state, 1);
		char *before = text_copy(version_tag(version, TAG_HISTORY));
		snprintf(by, sizeof(by), "%d", i);
		size_t tags = version->tag_count;
		assert_int_equal(
			record(&p->registry, 1, "Production", by, 0, "some reason", &f), 0);
		bool spilled = version->tag_count > tags && before != NULL;
		if (killed && spilled) { /* the same writer comes again */
			forget_last(p, 1, before);
			assert_int_equal(
				record(&p->registry, 1, "Production", by, 0, "some reason", &f), 0);
		}
		free(before);
		assert_in_range(strlen(version_tag(version, TAG_HISTORY)), 1, 4500);
	}
}

static void check_all_entries(struct planned *p, int wanted)
{
	const struct version *version = state_version(&p->registry.state, 1);
	cJSON *list = entries_read(version->tags, version->tag_count, TAG_HISTORY);
	assert_int_equal(cJSON_GetArraySize(list), wanted);
	for (int i = 0; i < wanted; i++)
		assert_int_equal(atoi(said(list, i, "by")), i);
	cJSON_Delete(list);
	for (size_t i = 0; i < version->tag_count; i++)
		assert_in_range(strlen(version->tags[i].value), 1, 4500);
}

static void a_history_of_any_length_loses_nothing_and_no_tag_outgrows_what_every_server_takes(
	void **state)
{
	struct planned p;
	(void)state;
	for (int killed = 0; killed <= 1; killed++) {
		planned_open(&p, two);
		record_many(&p, 0, 200, killed);
		check_all_entries(&p, 200);
		planned_release(&p);
	}
}

static void entries_that_a_killed_writer_left_twice_are_read_once(void **state)
{
	struct planned p;
	struct fail f;
	(void)state;
	planned_open(&p, two);
	record_many(&p, 0, 20, false);
	struct version *version = state_version(&p.registry.state, 1);
	table_tag(version, TAG_HISTORY ".2", version_tag(version, TAG_HISTORY));
	check_all_entries(&p, 20);
	assert_int_equal(record(&p.registry, 1, "Production", "20", 0, NULL, &f), 0);
	planned_release(&p);
}

static void a_reason_of_any_length_fits_and_stays_utf8(void **state)
{
	struct planned p;
	struct fail f;
	struct text why = {0};
	(void)state;
	while (why.size < 10000)
		text_add_string(&why, "\xe2\x82\xac\xff");
	planned_open(&p, two);
	assert_int_equal(record(&p.registry, 1, "Archived", "ann", 2, text_string(&why), &f), 0);
	const char *tag = version_tag(state_version(&p.registry.state, 1), TAG_HISTORY);
	assert_in_range(strlen(tag), 900, 4500);
	assert_true(utf8_is_valid(tag, strlen(tag)));
	text_release(&why);
	planned_release(&p);
}

static void a_history_that_cannot_be_read_is_begun_anew(void **state)
{
	static const char *const rows[] = {"", "{}", "[", "\"x\"", "null"};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct planned p;
		struct fail f;
		planned_open(&p, two);
		table_tag(&p.registry.state.versions.items[0], TAG_HISTORY, rows[i]);
		assert_int_equal(record(&p.registry, 1, "Archived", "ann", 2, NULL, &f), 0);
		cJSON *list = history_of(&p, 1);
		assert_int_equal(cJSON_GetArraySize(list), 1);
		assert_string_equal(said(list, 0, "to"), "Archived");
		cJSON_Delete(list);
		planned_release(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_entry_says_when_where_to_by_whom_for_what_and_why),
		cmocka_unit_test(a_transition_is_recorded_on_the_winner_and_on_whom_it_replaced),
		cmocka_unit_test(
			a_winner_that_was_production_beside_others_is_not_archived_in_its_history),
		cmocka_unit_test(a_transition_says_how_it_came),
		cmocka_unit_test(a_transition_to_whom_a_person_chose_says_why_and_no_other_does),
		cmocka_unit_test(
			a_history_of_any_length_loses_nothing_and_no_tag_outgrows_what_every_server_takes),
		cmocka_unit_test(entries_that_a_killed_writer_left_twice_are_read_once),
		cmocka_unit_test(a_reason_of_any_length_fits_and_stays_utf8),
		cmocka_unit_test(a_history_that_cannot_be_read_is_begun_anew),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
