/* history: who was Production from when to when, by whom and why; MLflow keeps none. */
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/console.h"
#include "command_manual.h"
#include "manual.h"

/* event - one entry of a version's modelhook.history; borrows from the parsed tags */
struct event {
	int64_t version;
	const char *at;
	const char *to;
	const char *by;
	const char *why;
};

/* events - of all versions, oldest first; owns the parsed tags */
struct events {
	struct event *items;
	size_t count;
	cJSON **parsed;
	size_t parsed_count;
};

static const char *string_of(const cJSON *object, const char *key)
{
	const char *string = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
	return string != NULL ? string : "";
}

static void add_events(struct events *events, const struct version *version)
{
	const char *text = version_tag(version, TAG_HISTORY);
	cJSON *list = text != NULL ? cJSON_Parse(text) : NULL;
	const cJSON *entry;
	events->parsed = memory_grow(events->parsed, events->parsed_count + 1, sizeof(cJSON *));
	events->parsed[events->parsed_count++] = list;
	cJSON_ArrayForEach(entry, list)
	{
		events->items =
			memory_grow(events->items, events->count + 1, sizeof(*events->items));
		events->items[events->count++] = (struct event){
			.version = version->number,
			.at = string_of(entry, "at"),
			.to = string_of(entry, "to"),
			.by = string_of(entry, "by"),
			.why = string_of(entry, "why"),
		};
	}
}

/* The times are all UTC in one form, so that they sort as strings. */
static int compare_events(const void *a, const void *b)
{
	return strcmp(((const struct event *)a)->at, ((const struct event *)b)->at);
}

static void events_read(struct events *events, const struct standing *standing)
{
	*events = (struct events){0};
	for (size_t i = 0; i < standing->versions.count; i++)
		add_events(events, &standing->versions.items[i]);
	if (events->count > 0)
		qsort(events->items, events->count, sizeof(*events->items), compare_events);
}

static void events_release(struct events *events)
{
	for (size_t i = 0; i < events->parsed_count; i++)
		cJSON_Delete(events->parsed[i]);
	free(events->parsed);
	free(events->items);
}

static void print_json(const char *model, const struct events *events)
{
	cJSON *root = cJSON_CreateObject();
	cJSON_AddStringToObject(root, "schema", "modelhook/history@1");
	cJSON_AddStringToObject(root, "model", model);
	cJSON *list = cJSON_AddArrayToObject(root, "events");
	for (size_t i = 0; i < events->count; i++) {
		const struct event *event = &events->items[i];
		char number[24];
		cJSON *item = cJSON_CreateObject();
		cJSON_AddStringToObject(item, "at", event->at);
		cJSON_AddStringToObject(item, "version", version_text(number, event->version));
		cJSON_AddStringToObject(item, "to", event->to);
		cJSON_AddStringToObject(item, "by", event->by);
		cJSON_AddStringToObject(item, "why", event->why);
		cJSON_AddItemToArray(list, item);
	}
	char *line = cJSON_PrintUnformatted(root);
	cJSON_Delete(root);
	console_result(line);
	cJSON_free(line);
}

static void add_cell(struct text *text, const char *value, int width)
{
	char shown[80];
	text_escape(shown, sizeof(shown), value, strlen(value));
	text_printf(text, "%-*.*s", width, width - 1, shown);
}

static void print_text(const char *model, const struct events *events)
{
	struct text text = {0};
	text_printf(&text, "%s: %zu transitions\n%-21s%-9s%-12s%-20s%s\n", model, events->count,
		"when", "version", "to", "by", "why");
	for (size_t i = 0; i < events->count; i++) {
		const struct event *event = &events->items[i];
		char number[24];
		add_cell(&text, event->at, 21);
		add_cell(&text, version_text(number, event->version), 9);
		add_cell(&text, event->to, 12);
		add_cell(&text, event->by, 20);
		add_cell(&text, event->why, 19);
		text_add_string(&text, "\n");
	}
	console_print(text_string(&text));
	text_release(&text);
}

int command_history(struct invocation *call, struct fail *f)
{
	struct manual manual;
	struct events events;
	int result = manual_open(&manual, call, call->argv[0], f);
	if (result == 0) {
		events_read(&events, &manual.registry.standing);
		if (call->settings.json)
			print_json(call->argv[0], &events);
		else
			print_text(call->argv[0], &events);
		events_release(&events);
	}
	manual_release(&manual);
	return result;
}
