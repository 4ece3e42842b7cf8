/* history: who was Production from when to when, by whom and why; MLflow keeps none. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/console.h"
#include "base/escape.h"
#include "base/fail.h"
#include "base/panic.h"
#include "base/table.h"
#include "base/text.h"
#include "command/command.h"
#include "command/operator.h"
#include "packaging/json/json.h"
#include "registry/production_period.h"
#include "registry/served_note.h"
#include "registry/tags.h"

static void add_time(struct cJSON *object, const char *key, int64_t ms)
{
	char text[32];
	clock_format_rfc3339(text, ms);
	json_set_string_or_null(object, key, ms != 0 ? text : NULL);
}

/* What a version keeps of its last way into the service, where that was in this period. */
static void read_note(const struct registry_state *state, const struct production_period *period,
	struct served_note *note)
{
	const struct version *version = state_version(state, period->version);
	*note = (struct served_note){0};
	if (version == NULL || period->deleted)
		return;
	served_note_read(version, note);
	bool before = note->at_ms < period->from_ms;
	bool after =
		period->to_ms != 0 && note->state == SERVED_SEEN && note->at_ms > period->to_ms;
	if (before || after)
		served_note_release(note);
}

static const char *served_words(const struct served_note *note, char out[40])
{
	switch (note->state) {
	case SERVED_SEEN:
		if (note->after_ms == 0)
			return "yes";
		snprintf(out, 40, "after %.1f s", (double)note->after_ms / 1000);
		return out;
	case SERVED_NOT:
		return "no";
	case SERVED_ROLLING_BACK:
		return "no, rollback unfinished";
	case SERVED_ROLLED_BACK:
		return "no, rolled back";
	case SERVED_UNKNOWN:
		break;
	}
	return NULL;
}

static void add_served(struct cJSON *item, const struct registry_state *state,
	const struct production_period *period)
{
	struct served_note note;
	read_note(state, period, &note);
	if (note.json != NULL)
		json_set_raw(item, "served", note.json);
	else
		json_set_null(item, "served");
	served_note_release(&note);
}

static struct cJSON *to_json(
	const struct registry_state *state, const struct production_period *period)
{
	char number[24];
	struct cJSON *item = json_new_object();
	json_set_string_or_null(item, "version", text_number(number, period->version));
	add_time(item, "from", period->from_ms);
	add_time(item, "to", period->to_ms);
	json_set_bool(item, "lasts", period->lasts);
	json_set_string_or_null(item, "by", period->by);
	json_set_string_or_null(item, "how", period->how);
	json_set_string_or_null(item, "why", period->why);
	json_set_string_or_null(item, "trained_at", period->trained);
	json_set_string_or_null(item, "replaced_by",
		period->instead != 0 ? text_number(number, period->instead) : NULL);
	json_set_bool(item, "recorded", period->recorded);
	json_set_bool(item, "deleted", period->deleted);
	add_served(item, state, period);
	return item;
}

static struct cJSON *gap_to_json(const struct gap *gap)
{
	struct cJSON *item = json_new_object();
	add_time(item, "from", gap->from_ms);
	add_time(item, "to", gap->to_ms);
	return item;
}

/* One by one: a tree of all takes several times the text. */
static void add_item(struct text *line, size_t index, struct cJSON *item)
{
	char *printed = json_take_text(item);
	text_printf(line, "%s%s", index > 0 ? "," : "", printed);
	free(printed);
}

static void print_json(const char *model, const struct registry_state *state,
	const struct production_periods *periods)
{
	struct text line = {0};
	text_add_string(&line, "{\"schema\":\"modelhook/history@1\",\"model\":");
	json_print_string(model, &line);
	text_add_string(&line, ",\"production\":[");
	for (size_t i = 0; i < periods->count; i++)
		add_item(&line, i, to_json(state, &periods->items[i]));
	text_add_string(&line, "],\"gaps\":[");
	for (size_t i = 0; i < periods->gap_count; i++)
		add_item(&line, i, gap_to_json(&periods->gaps[i]));
	text_add_string(&line, "]}");
	console_result(text_string(&line));
	text_release(&line);
}

static const char *minute(char out[32], int64_t ms, const char *otherwise)
{
	if (ms == 0)
		return otherwise;
	clock_format_rfc3339(out, ms);
	return clock_cut_to_minute(out);
}

static const char *why(const struct production_period *period)
{
	if (period->why != NULL)
		return period->why;
	if (text_equal(period->how, HOW_OUTSIDE))
		return "not by modelhook";
	if (text_equal(period->how, HOW_TRAINING))
		return "newest training";
	return period->how != NULL ? "no reason given" : "";
}

static void add_period(struct table *table, const struct registry_state *state,
	const struct production_period *period)
{
	char time[32], number[48], served[40];
	struct served_note note;
	text_number(number, period->version);
	table_add(table, period->deleted ? strcat(number, " (deleted)") : number);
	table_add(table, minute(time, period->from_ms, "?"));
	table_add(table, minute(time, period->to_ms, period->lasts ? "now" : "?"));
	table_add(table, period->by != NULL ? period->by : "?");
	table_add(table, period->how != NULL ? period->how : "?");
	read_note(state, period, &note);
	table_add(table, served_words(&note, served));
	table_add(table, why(period));
	served_note_release(&note);
}

static void add_gap(struct table *table, const struct gap *gap)
{
	char time[32];
	table_add(table, "none");
	table_add(table, minute(time, gap->from_ms, "?"));
	table_add(table, minute(time, gap->to_ms, "now"));
	table_add(table, NULL);
	table_add(table, NULL);
	table_add(table, NULL);
	table_add(table, "no version was Production");
}

static void print_text(const char *model, const struct registry_state *state,
	const struct production_periods *periods)
{
	static const char *const titles[] = {"version", "from", "to", "by", "how", "served", "why"};
	struct text text = {0};
	struct table table;
	size_t gap = 0;
	table_begin(&table, titles, sizeof(titles) / sizeof(titles[0]));
	for (size_t i = 0; i <= periods->count; i++) {
		for (; gap < periods->gap_count && periods->gaps[gap].before == i; gap++)
			add_gap(&table, &periods->gaps[gap]);
		if (i < periods->count)
			add_period(&table, state, &periods->items[i]);
	}
	escape_add(&text, model, strlen(model));
	text_printf(&text, ": %zu time%s Production (UTC)\n", periods->count,
		periods->count == 1 ? "" : "s");
	table_print(&table, console_columns(), &text);
	console_print(text_string(&text));
	table_release(&table);
	text_release(&text);
}

int command_history(struct invocation *call, struct fail *f)
{
	struct operator operator;
	struct production_periods periods;
	int result = operator_open(&operator, call, call->argv[0], f);
	if (result == 0) {
		production_periods_read(&operator.registry.state, &periods);
		if (periods.cut)
			console_warn("the history is longer than is shown");
		if (call->settings.json)
			print_json(call->argv[0], &operator.registry.state, &periods);
		else
			print_text(call->argv[0], &operator.registry.state, &periods);
		production_periods_release(&periods);
	}
	operator_release(&operator);
	return result;
}
