/* history: who was Production from when to when, by whom and why; MLflow keeps none. */
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/console.h"
#include "command/by_hand.h"
#include "command/operator.h"
#include "packaging/json/json.h"
#include "registry/production_period.h"

static void add_string(cJSON *object, const char *key, const char *value)
{
	if (value != NULL)
		cJSON_AddStringToObject(object, key, value);
	else
		cJSON_AddNullToObject(object, key);
}

static void add_time(cJSON *object, const char *key, int64_t ms)
{
	char text[32];
	clock_format_rfc3339(text, ms);
	add_string(object, key, ms != 0 ? text : NULL);
}

static cJSON *to_json(const struct tenure *tenure)
{
	char number[24];
	cJSON *item = cJSON_CreateObject();
	add_string(item, "version", text_number(number, tenure->version));
	add_time(item, "from", tenure->from_ms);
	add_time(item, "to", tenure->to_ms);
	cJSON_AddBoolToObject(item, "lasts", tenure->lasts);
	add_string(item, "by", tenure->by);
	add_string(item, "why", tenure->why);
	add_string(item, "trained_at", tenure->trained);
	add_string(item, "replaced_by",
		tenure->instead != 0 ? text_number(number, tenure->instead) : NULL);
	cJSON_AddBoolToObject(item, "recorded", tenure->recorded);
	return item;
}

/* One by one: a tree of all takes several times the text. */
static void print_json(const char *model, const struct tenures *tenures)
{
	struct text line = {0};
	text_add_string(&line, "{\"schema\":\"modelhook/history@1\",\"model\":");
	json_print_string(model, &line);
	text_add_string(&line, ",\"production\":[");
	for (size_t i = 0; i < tenures->count; i++) {
		cJSON *item = to_json(&tenures->items[i]);
		char *printed = cJSON_PrintUnformatted(item);
		text_printf(&line, "%s%s", i > 0 ? "," : "", printed);
		cJSON_free(printed);
		cJSON_Delete(item);
	}
	text_add_string(&line, "]}");
	console_result(text_string(&line));
	text_release(&line);
}

/* A cell of that width with the space behind it; what does not fit is cut, the last one too. */
static void add_cell(struct text *text, const char *value, int width)
{
	char shown[200];
	text_escape(shown, sizeof(shown), value, strlen(value));
	text_printf(text, "%-*.*s", width, width - 1, shown);
}

static const char *minute(char out[32], int64_t ms, const char *otherwise)
{
	if (ms == 0)
		return otherwise;
	clock_format_rfc3339(out, ms);
	out[10] = ' ';
	out[16] = '\0';
	return out;
}

static void add_why(struct text *text, const struct tenure *tenure)
{
	char why[120];
	if (tenure->why != NULL)
		text_escape(why, sizeof(why), tenure->why, strlen(tenure->why));
	else if (!tenure->recorded)
		strcpy(why, "not by modelhook");
	else
		strcpy(why, "newest training");
	text_printf(text, "%.24s\n", why);
}

static void print_text(const char *model, const struct tenures *tenures)
{
	struct text text = {0};
	text_printf(&text, "%s: %zu times Production (UTC)\n%-8s%-17s%-17s%-14s%s\n", model,
		tenures->count, "version", "from", "to", "by", "why");
	for (size_t i = 0; i < tenures->count; i++) {
		const struct tenure *tenure = &tenures->items[i];
		char time[32];
		add_cell(&text, text_number(time, tenure->version), 8);
		add_cell(&text, minute(time, tenure->from_ms, "?"), 17);
		add_cell(&text, minute(time, tenure->to_ms, tenure->lasts ? "now" : "?"), 17);
		add_cell(&text, tenure->by != NULL ? tenure->by : "?", 14);
		add_why(&text, tenure);
	}
	console_print(text_string(&text));
	text_release(&text);
}

int command_history(struct invocation *call, struct fail *f)
{
	struct manual manual;
	struct tenures tenures;
	int result = manual_open(&manual, call, call->argv[0], f);
	if (result == 0) {
		tenures_read(&manual.registry.standing, &tenures);
		if (tenures.cut)
			console_warn("the history is longer than is shown");
		if (call->settings.json)
			print_json(call->argv[0], &tenures);
		else
			print_text(call->argv[0], &tenures);
		tenures_release(&tenures);
	}
	manual_release(&manual);
	return result;
}
