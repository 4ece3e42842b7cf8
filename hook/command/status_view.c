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

/* Since when, and by whom: as recorded, else what MLflow changed last and who registered it. */
static void read_tenure(const struct tenures *tenures, const struct version *version,
	char since[32], const char **by)
{
	const struct tenure *tenure = tenures_present(tenures, version->number);
	clock_format_rfc3339(since,
		tenure != NULL && tenure->from_ms != 0 ? tenure->from_ms : version->updated_ms);
	*by = tenure != NULL && tenure->by != NULL ? tenure->by : version_tag(version, TAG_BY);
}

static cJSON *version_json(const struct tenures *tenures, const struct version *version)
{
	char number[24], since[32];
	const char *by;
	cJSON *object = cJSON_CreateObject();
	read_tenure(tenures, version, since, &by);
	add_string(object, "version", text_number(number, version->number));
	add_string(object, "since", since);
	add_string(object, "by", by);
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
	const char *by;
	read_tenure(tenures, version, since, &by);
	text_printf(text, "%sversion %lld is Production%s\n", console_bold(),
		(long long)version->number, console_plain());
	add_line(text, "since", since);
	add_line(text, "by", by);
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

/* Characters, not bytes: a name may be in any script. */
static void add_cell(struct text *text, const char *value, int width)
{
	char shown[120];
	int used = 0;
	text_escape(shown, sizeof(shown), value, strlen(value));
	for (const char *c = shown; *c != '\0'; c++) {
		bool begins = ((unsigned char)*c & 0xc0) != 0x80;
		if (begins && ++used >= width)
			break;
		text_add(text, c, 1);
	}
	if (used >= width)
		used = width - 1;
	text_printf(text, "%*s", width - used, "");
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
	struct text *text, const struct standing *standing, const struct version *version)
{
	char number[48], since[32];
	const char *by, *accuracy = version_tag(version, "val_accuracy");
	size_t count = standing_production_count(standing);
	struct tenures tenures;
	tenures_read(standing, &tenures);
	read_tenure(&tenures, version, since, &by);
	since[10] = ' ';
	since[16] = '\0';
	snprintf(number, sizeof(number), count > 1 ? "%lld+%zu" : "%lld",
		(long long)version->number, count - 1);
	add_cell(text, number, 9);
	add_cell(text, since, 17);
	add_cell(text, by != NULL ? by : "-", 15);
	add_cell(text, accuracy != NULL ? accuracy : "-", 9);
	tenures_release(&tenures);
}

void overview_head(struct text *text)
{
	text_printf(text, "%-26s%-9s%-17s%-15s%-9s%s\n", "model", "version", "since (UTC)", "by",
		"val_acc", "bad");
}

void overview_row(struct text *text, const char *model, const struct standing *standing,
	const struct anomalies *anomalies)
{
	const struct version *version = shown_version(standing);
	add_cell(text, model, 26);
	if (version != NULL)
		add_production(text, standing, version);
	else
		text_printf(text, "%-9s%-17s%-15s%-9s", "-", "-", "-", "-");
	if (anomalies->count > 0)
		text_printf(text, "%s%zu%s\n", console_bold(), anomalies->count, console_plain());
	else
		text_add_string(text, "-\n");
}

void overview_anomalies(struct text *text, const char *model, const struct anomalies *anomalies)
{
	for (size_t i = 0; i < anomalies->count; i++) {
		text_add_escaped(text, model, strlen(model));
		text_printf(text, ": %s\n", anomalies->items[i].text);
	}
}
