#include "command/status_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/clock.h"
#include "base/console.h"
#include "base/text.h"
#include "registry/production_period.h"

static void add_string(cJSON *object, const char *key, const char *value)
{
	if (value != NULL)
		cJSON_AddStringToObject(object, key, value);
	else
		cJSON_AddNullToObject(object, key);
}

/* Since when, and who promoted it: as recorded, else what MLflow changed last, and nobody knows
 * who. Who registered it need not have promoted it. */
static void read_tenure(const struct production_periods *periods, const struct version *version,
	char since[32], const struct production_period **period)
{
	static const struct production_period unknown = {.how = (char *)HOW_OUTSIDE};
	*period = production_periods_present(periods, version->number);
	if (*period == NULL)
		*period = &unknown;
	clock_format_rfc3339(
		since, (*period)->from_ms != 0 ? (*period)->from_ms : version->updated_ms);
}

static const char *by_whom(const struct production_period *period)
{
	return period->by == NULL && text_equal(period->how, HOW_OUTSIDE) ? "not by modelhook"
									  : period->by;
}

static cJSON *version_json(const struct production_periods *periods, const struct version *version)
{
	char number[24], since[32];
	const struct production_period *period;
	cJSON *object = cJSON_CreateObject();
	read_tenure(periods, version, since, &period);
	add_string(object, "version", text_number(number, version->number));
	add_string(object, "since", since);
	add_string(object, "by", period->by);
	add_string(object, "how", period->how);
	add_string(object, "why", period->why);
	add_string(object, "run_id", version->run_id);
	add_string(object, "source", version->source);
	add_string(object, "accuracy", version_tag(version, "accuracy"));
	add_string(object, "val_accuracy", version_tag(version, "val_accuracy"));
	add_string(object, "trained_at", version_tag(version, TAG_TRAINED_AT));
	add_string(object, "digest", version_tag(version, TAG_DIGEST));
	return object;
}

static cJSON *anomalies_json(const struct anomalies *anomalies)
{
	cJSON *list = cJSON_CreateArray();
	for (size_t i = 0; i < anomalies->count; i++) {
		cJSON *item = cJSON_CreateObject();
		add_string(item, "kind", anomalies->items[i].kind);
		add_string(item, "text", anomalies->items[i].text);
		cJSON_AddItemToArray(list, item);
	}
	return list;
}

struct cJSON *status_view_json(
	const char *model, const struct registry_state *state, const struct anomalies *anomalies)
{
	struct production_periods periods;
	cJSON *object = cJSON_CreateObject();
	production_periods_read(state, &periods);
	add_string(object, "model", model);
	cJSON_AddNumberToObject(object, "versions", (double)state->versions.count);
	cJSON *production = cJSON_AddArrayToObject(object, "production");
	for (size_t i = 0; i < state->versions.count; i++)
		if (state_is_production(state, &state->versions.items[i]))
			cJSON_AddItemToArray(
				production, version_json(&periods, &state->versions.items[i]));
	cJSON_AddItemToObject(object, "anomalies", anomalies_json(anomalies));
	production_periods_release(&periods);
	return object;
}

/* One line of a label and a value from the server, which may not move the cursor. */
static void add_line(struct text *text, const char *label, const char *value)
{
	if (value == NULL)
		return;
	text_printf(text, "  %-13s", label);
	text_add_escaped(text, value, strlen(value));
	text_add_string(text, "\n");
}

static void add_version(
	struct text *text, const struct production_periods *periods, const struct version *version)
{
	char since[32];
	const struct production_period *period;
	read_tenure(periods, version, since, &period);
	text_printf(text, "%sversion %lld is Production%s\n", console_bold(),
		(long long)version->number, console_plain());
	add_line(text, "since", since);
	add_line(text, "by", by_whom(period));
	add_line(text, "how", period->how);
	add_line(text, "why", period->why);
	add_line(text, "trained at", version_tag(version, TAG_TRAINED_AT));
	add_line(text, "accuracy", version_tag(version, "accuracy"));
	add_line(text, "val_accuracy", version_tag(version, "val_accuracy"));
	add_line(text, "run", version->run_id);
	add_line(text, "source", version->source);
}

void status_view_text(struct text *text, const char *model, const struct registry_state *state,
	const struct anomalies *anomalies)
{
	struct production_periods periods;
	production_periods_read(state, &periods);
	text_add_escaped(text, model, strlen(model));
	text_printf(text, ": %zu versions\n", state->versions.count);
	for (size_t i = 0; i < state->versions.count; i++)
		if (state_is_production(state, &state->versions.items[i]))
			add_version(text, &periods, &state->versions.items[i]);
	for (size_t i = 0; i < anomalies->count; i++)
		text_printf(text, "anomaly: %s\n", anomalies->items[i].text);
	if (anomalies->count == 0)
		text_add_string(text, "nothing is wrong\n");
	production_periods_release(&periods);
}

/* Of several the one that ought to be, with a sign that it is not alone. */
static const struct version *shown_version(const struct registry_state *state)
{
	const struct version *winner = state_version(state, state_desired_version(state));
	if (winner != NULL && state_is_production(state, winner))
		return winner;
	for (size_t i = state->versions.count; i-- > 0;)
		if (state_is_production(state, &state->versions.items[i]))
			return &state->versions.items[i];
	return NULL;
}

static void add_production(
	struct table *table, const struct registry_state *state, const struct version *version)
{
	char number[48], since[32];
	const struct production_period *period;
	size_t count = state_production_count(state);
	struct production_periods periods;
	production_periods_read(state, &periods);
	read_tenure(&periods, version, since, &period);
	since[10] = ' ';
	since[16] = '\0';
	snprintf(number, sizeof(number), count > 1 ? "%lld+%zu" : "%lld",
		(long long)version->number, count - 1);
	table_add(table, number);
	table_add(table, since);
	table_add(table, by_whom(period));
	table_add(table, version_tag(version, "val_accuracy"));
	production_periods_release(&periods);
}

void status_view_head(struct table *table)
{
	static const char *const titles[OVERVIEW_COLUMNS] = {
		"model", "version", "since (UTC)", "by", "val_acc", "bad"};
	table_begin(table, titles, OVERVIEW_COLUMNS);
}

void status_view_row(struct table *table, const char *model, const struct registry_state *state,
	const struct anomalies *anomalies)
{
	const struct version *version = shown_version(state);
	char count[24];
	table_add(table, model);
	if (version != NULL)
		add_production(table, state, version);
	for (int i = 0; version == NULL && i < 4; i++)
		table_add(table, NULL);
	if (anomalies->count > 0)
		table_add_bold(table, text_number(count, (int64_t)anomalies->count));
	else
		table_add(table, NULL);
}

void status_view_anomalies(struct text *text, const char *model, const struct anomalies *anomalies)
{
	for (size_t i = 0; i < anomalies->count; i++) {
		text_add_escaped(text, model, strlen(model));
		text_printf(text, ": %s\n", anomalies->items[i].text);
	}
}
