#include "command/status_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/amount.h"
#include "base/clock.h"
#include "base/console.h"
#include "base/escape.h"
#include "mlflow/types.h"
#include "packaging/json/json.h"
#include "registry/production_period.h"
#include "registry/standing.h"
#include "registry/tags.h"

/* Since when, and who promoted it: as recorded, else what MLflow changed last, and nobody knows
 * who. Who registered it need not have promoted it. */
static void read_period(const struct production_periods *periods, const struct version *version,
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

static struct cJSON *version_json(
	const struct production_periods *periods, const struct version *version)
{
	char number[24], since[32];
	const struct production_period *period;
	struct cJSON *object = json_new_object();
	read_period(periods, version, since, &period);
	json_set_string_or_null(object, "version", text_number(number, version->number));
	json_set_string_or_null(object, "since", since);
	json_set_string_or_null(object, "by", period->by);
	json_set_string_or_null(object, "how", period->how);
	json_set_string_or_null(object, "why", period->why);
	json_set_string_or_null(object, "run_id", version->run_id);
	json_set_string_or_null(object, "source", version->source);
	json_set_string_or_null(object, "accuracy", version_tag(version, "accuracy"));
	json_set_string_or_null(object, "val_accuracy", version_tag(version, "val_accuracy"));
	json_set_string_or_null(object, "trained_at", version_tag(version, TAG_TRAINED_AT));
	json_set_string_or_null(object, "digest", version_tag(version, TAG_DIGEST));
	return object;
}

static struct cJSON *anomalies_json(const struct anomalies *anomalies)
{
	struct cJSON *list = json_new_array();
	for (size_t i = 0; i < anomalies->count; i++) {
		struct cJSON *item = json_new_object();
		json_set_string_or_null(item, "kind", anomalies->items[i].kind);
		json_set_string_or_null(item, "text", anomalies->items[i].text);
		json_append(list, item);
	}
	return list;
}

static const struct version *newest_of(const struct registry_state *state)
{
	const struct versions *versions = &state->versions;
	return versions->count > 0 ? &versions->items[versions->count - 1] : NULL;
}

/* Why last night's training is not Production, where it is not. */
static struct cJSON *newest_json(
	const struct production_periods *periods, const struct registry_state *state)
{
	char number[24];
	struct standing standing;
	const struct version *newest = newest_of(state);
	if (newest == NULL)
		return json_new_null();
	struct cJSON *object = json_new_object();
	standing_read(state, periods, newest, &standing);
	json_set_string(object, "version", text_number(number, newest->number));
	json_set_string(object, "standing", standing.word);
	json_set_string_or_null(object, "why", standing.why);
	standing_release(&standing);
	return object;
}

static void add_newest(struct text *text, const struct production_periods *periods,
	const struct registry_state *state)
{
	struct standing standing;
	const struct version *newest = newest_of(state);
	if (newest == NULL)
		return;
	standing_read(state, periods, newest, &standing);
	if (standing.why != NULL) {
		text_printf(text, "newest: version %lld, %s: ", (long long)newest->number,
			standing.word);
		escape_add(text, standing.why, strlen(standing.why));
		text_add_string(text, "\n");
	}
	standing_release(&standing);
}

struct cJSON *status_view_json(
	const char *model, const struct registry_state *state, const struct anomalies *anomalies)
{
	struct production_periods periods;
	struct cJSON *object = json_new_object();
	production_periods_read(state, &periods);
	json_set_string_or_null(object, "model", model);
	json_set(object, "newest", newest_json(&periods, state));
	json_set_number(object, "versions", (double)state->versions.count);
	struct cJSON *production = json_set_array(object, "production");
	for (size_t i = 0; i < state->versions.count; i++)
		if (state_is_production(state, &state->versions.items[i]))
			json_append(production, version_json(&periods, &state->versions.items[i]));
	json_set(object, "anomalies", anomalies_json(anomalies));
	production_periods_release(&periods);
	return object;
}

/* One line of a label and a value from the server, which may not move the cursor. */
static void add_line(struct text *text, const char *label, const char *value)
{
	if (value == NULL)
		return;
	text_printf(text, "  %-13s", label);
	escape_add(text, value, strlen(value));
	text_add_string(text, "\n");
}

static void add_version(
	struct text *text, const struct production_periods *periods, const struct version *version)
{
	char since[32];
	const struct production_period *period;
	read_period(periods, version, since, &period);
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
	escape_add(text, model, strlen(model));
	text_add_string(text, ": ");
	amount_add_counted(text, state->versions.count, "version");
	text_add_string(text, "\n");
	for (size_t i = 0; i < state->versions.count; i++)
		if (state_is_production(state, &state->versions.items[i]))
			add_version(text, &periods, &state->versions.items[i]);
	add_newest(text, &periods, state);
	for (size_t i = 0; i < anomalies->count; i++)
		text_printf(text, "anomaly: %s\n", anomalies->items[i].text);
	if (anomalies->count == 0)
		text_add_string(text, "nothing is wrong\n");
	production_periods_release(&periods);
}

static void add_production(
	struct table *table, const struct registry_state *state, const struct version *version)
{
	char number[48], since[32];
	const struct production_period *period;
	size_t count = state_production_count(state);
	struct production_periods periods;
	production_periods_read(state, &periods);
	read_period(&periods, version, since, &period);
	clock_cut_to_minute(since);
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
	static const char *const titles[STATUS_VIEW_COLUMNS] = {
		"model", "version", "since (UTC)", "by", "val_acc", "problems"};
	table_begin(table, titles, STATUS_VIEW_COLUMNS);
}

void status_view_row(struct table *table, const char *model, const struct registry_state *state,
	const struct anomalies *anomalies)
{
	const struct version *version = state_production(state);
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
		escape_add(text, model, strlen(model));
		text_printf(text, ": %s\n", anomalies->items[i].text);
	}
}
