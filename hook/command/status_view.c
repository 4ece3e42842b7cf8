#include "command/status_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/console.h"
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
static void read_tenure(const struct tenures *tenures, const struct version *version,
	char since[32], const struct tenure **tenure)
{
	static const struct tenure unknown = {.how = (char *)HOW_OUTSIDE};
	*tenure = tenures_present(tenures, version->number);
	if (*tenure == NULL)
		*tenure = &unknown;
	clock_format_rfc3339(
		since, (*tenure)->from_ms != 0 ? (*tenure)->from_ms : version->updated_ms);
}

static const char *by_whom(const struct tenure *tenure)
{
	return tenure->by == NULL && text_equal(tenure->how, HOW_OUTSIDE) ? "not by modelhook"
									  : tenure->by;
}

static cJSON *version_json(const struct tenures *tenures, const struct version *version)
{
	char number[24], since[32];
	const struct tenure *tenure;
	cJSON *object = cJSON_CreateObject();
	read_tenure(tenures, version, since, &tenure);
	add_string(object, "version", text_number(number, version->number));
	add_string(object, "since", since);
	add_string(object, "by", tenure->by);
	add_string(object, "how", tenure->how);
	add_string(object, "why", tenure->why);
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

struct cJSON *overview_json(
	const char *model, const struct standing *standing, const struct anomalies *anomalies)
{
	struct tenures tenures;
	cJSON *object = cJSON_CreateObject();
	tenures_read(standing, &tenures);
	add_string(object, "model", model);
	cJSON_AddNumberToObject(object, "versions", (double)standing->versions.count);
	cJSON *production = cJSON_AddArrayToObject(object, "production");
	for (size_t i = 0; i < standing->versions.count; i++)
		if (standing_is_production(standing, &standing->versions.items[i]))
			cJSON_AddItemToArray(
				production, version_json(&tenures, &standing->versions.items[i]));
	cJSON_AddItemToObject(object, "anomalies", anomalies_json(anomalies));
	tenures_release(&tenures);
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
	struct text *text, const struct tenures *tenures, const struct version *version)
{
	char since[32];
	const struct tenure *tenure;
	read_tenure(tenures, version, since, &tenure);
	text_printf(text, "%sversion %lld is Production%s\n", console_bold(),
		(long long)version->number, console_plain());
	add_line(text, "since", since);
	add_line(text, "by", by_whom(tenure));
	add_line(text, "how", tenure->how);
	add_line(text, "why", tenure->why);
	add_line(text, "trained at", version_tag(version, TAG_TRAINED_AT));
	add_line(text, "accuracy", version_tag(version, "accuracy"));
	add_line(text, "val_accuracy", version_tag(version, "val_accuracy"));
	add_line(text, "run", version->run_id);
	add_line(text, "source", version->source);
}

void overview_text(struct text *text, const char *model, const struct standing *standing,
	const struct anomalies *anomalies)
{
	struct tenures tenures;
	tenures_read(standing, &tenures);
	text_add_escaped(text, model, strlen(model));
	text_printf(text, ": %zu versions\n", standing->versions.count);
	for (size_t i = 0; i < standing->versions.count; i++)
		if (standing_is_production(standing, &standing->versions.items[i]))
			add_version(text, &tenures, &standing->versions.items[i]);
	for (size_t i = 0; i < anomalies->count; i++)
		text_printf(text, "anomaly: %s\n", anomalies->items[i].text);
	if (anomalies->count == 0)
		text_add_string(text, "nothing is wrong\n");
	tenures_release(&tenures);
}

/* Of several the one that ought to be, with a sign that it is not alone. */
static const struct version *shown_version(const struct standing *standing)
{
	const struct version *winner = standing_version(standing, standing_winner(standing));
	if (winner != NULL && standing_is_production(standing, winner))
		return winner;
	for (size_t i = standing->versions.count; i-- > 0;)
		if (standing_is_production(standing, &standing->versions.items[i]))
			return &standing->versions.items[i];
	return NULL;
}

static void add_production(
	struct table *table, const struct standing *standing, const struct version *version)
{
	char number[48], since[32];
	const struct tenure *tenure;
	size_t count = standing_production_count(standing);
	struct tenures tenures;
	tenures_read(standing, &tenures);
	read_tenure(&tenures, version, since, &tenure);
	since[10] = ' ';
	since[16] = '\0';
	snprintf(number, sizeof(number), count > 1 ? "%lld+%zu" : "%lld",
		(long long)version->number, count - 1);
	table_add(table, number);
	table_add(table, since);
	table_add(table, by_whom(tenure));
	table_add(table, version_tag(version, "val_accuracy"));
	tenures_release(&tenures);
}

void overview_head(struct table *table)
{
	static const char *const titles[OVERVIEW_COLUMNS] = {
		"model", "version", "since (UTC)", "by", "val_acc", "bad"};
	table_begin(table, titles, OVERVIEW_COLUMNS);
}

void overview_row(struct table *table, const char *model, const struct standing *standing,
	const struct anomalies *anomalies)
{
	const struct version *version = shown_version(standing);
	char count[24];
	table_add(table, model);
	if (version != NULL)
		add_production(table, standing, version);
	for (int i = 0; version == NULL && i < 4; i++)
		table_add(table, NULL);
	if (anomalies->count > 0)
		table_add_bold(table, text_number(count, (int64_t)anomalies->count));
	else
		table_add(table, NULL);
}

void overview_anomalies(struct text *text, const char *model, const struct anomalies *anomalies)
{
	for (size_t i = 0; i < anomalies->count; i++) {
		text_add_escaped(text, model, strlen(model));
		text_printf(text, ": %s\n", anomalies->items[i].text);
	}
}
