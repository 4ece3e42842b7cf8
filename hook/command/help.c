#include "command/help.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/console.h"
#include "base/table.h"
#include "base/text.h"
#include "http/http.h"
#include "packaging/archive/reader.h"
#include "version.h"

#define HELP_SCHEMA "modelhook/help@1"

static const struct status_row {
	enum status number;
	const char *word;
	const char *action;
	const char *when;
} rows[] = {
#define STATUS_ROW(name, number, word, action, when) {number, word, action, when},
	STATUS_LIST(STATUS_ROW)
#undef STATUS_ROW
};

enum { ROW_COUNT = sizeof(rows) / sizeof(rows[0]) };

static void statuses_text(struct text *text)
{
	static const char *const titles[] = {"status", "name", "scheduler", "when"};
	struct table table;
	table_begin(&table, titles, sizeof(titles) / sizeof(titles[0]));
	for (size_t i = 0; i < ROW_COUNT; i++) {
		char number[16];
		snprintf(number, sizeof(number), "%d", rows[i].number);
		table_add(&table, number);
		table_add(&table, rows[i].word);
		table_add(&table, rows[i].action);
		table_add(&table, rows[i].when);
	}
	table_print(&table, 0, text);
	table_release(&table);
}

static void take_json(cJSON *value, struct text *text)
{
	char *printed = cJSON_PrintUnformatted(value);
	cJSON_Delete(value);
	text_printf(text, "%s\n", printed);
	cJSON_free(printed);
}

static void statuses_json(struct text *text)
{
	cJSON *list = cJSON_CreateArray();
	for (size_t i = 0; i < ROW_COUNT; i++) {
		cJSON *row = cJSON_CreateObject();
		cJSON_AddNumberToObject(row, "status", rows[i].number);
		cJSON_AddStringToObject(row, "name", rows[i].word);
		cJSON_AddStringToObject(row, "scheduler", rows[i].action);
		cJSON_AddStringToObject(row, "when", rows[i].when);
		cJSON_AddItemToArray(list, row);
	}
	take_json(list, text);
}

static void verbs_text(const struct verb *verbs, struct text *text)
{
	text_add_string(
		text, "modelhook - from a handed-off SavedModel to the one Production version\n\n");
	for (const struct verb *verb = verbs; verb->name != NULL; verb++)
		text_printf(text, "  modelhook %s %s\n      %s\n", verb->name, verb->arguments,
			verb->help);
	text_add_string(text,
		"\nmodelhook help COMMAND tells its options, help statuses the exit statuses,\n"
		"--version the version. The server is MLFLOW_TRACKING_URI, with MLflow's own\n"
		"variables for credentials and TLS.\n");
}

static const struct verb *find_verb(const struct verb *verbs, const char *name, struct fail *f)
{
	char escaped[64];
	for (const struct verb *verb = verbs; verb->name != NULL; verb++)
		if (strcmp(verb->name, name) == 0)
			return verb;
	fail_set(f, STATUS_USAGE, "%s: no such command",
		text_escape(escaped, sizeof(escaped), name, strlen(name)));
	return NULL;
}

static void verb_text(const struct verb *verb, struct text *text)
{
	text_printf(text, "modelhook %s %s\n  %s\n\n", verb->name, verb->arguments, verb->help);
	settings_help(verb->takes, text);
}

static cJSON *verb_json(const struct verb *verb)
{
	cJSON *object = cJSON_CreateObject();
	cJSON_AddStringToObject(object, "schema", HELP_SCHEMA);
	cJSON_AddStringToObject(object, "command", verb->name);
	cJSON_AddStringToObject(object, "arguments", verb->arguments);
	cJSON_AddStringToObject(object, "help", verb->help);
	cJSON_AddItemToObject(object, "options", settings_help_json(verb->takes));
	return object;
}

static cJSON *verbs_json(const struct verb *verbs)
{
	cJSON *object = cJSON_CreateObject();
	cJSON_AddStringToObject(object, "schema", HELP_SCHEMA);
	cJSON *list = cJSON_AddArrayToObject(object, "commands");
	for (const struct verb *verb = verbs; verb->name != NULL; verb++)
		cJSON_AddItemToArray(list, verb_json(verb));
	return object;
}

static void print_verbs(const struct verb *verbs, bool json, struct text *text)
{
	if (json)
		take_json(verbs_json(verbs), text);
	else
		verbs_text(verbs, text);
}

static int print_verb(
	const struct verb *verbs, const char *name, bool json, struct text *text, struct fail *f)
{
	const struct verb *verb = find_verb(verbs, name, f);
	if (verb == NULL)
		return -1;
	if (json)
		take_json(verb_json(verb), text);
	else
		verb_text(verb, text);
	return 0;
}

int help_print(const struct verb *verbs, const char *about, bool json, struct fail *f)
{
	struct text text = {0};
	int result = 0;
	if (about == NULL)
		print_verbs(verbs, json, &text);
	else if (strcmp(about, "statuses") == 0)
		json ? statuses_json(&text) : statuses_text(&text);
	else
		result = print_verb(verbs, about, json, &text, f);
	console_print(text_string(&text));
	text_release(&text);
	return result;
}

int help_version(void)
{
	struct text text = {0};
	char *network = http_library_versions();
	char *archive = archive_library_versions();
	text_printf(&text, "modelhook %s (%s)\n%s, %s, cJSON %s\n", MODELHOOK_VERSION,
		MODELHOOK_COMMIT, network, archive, cJSON_Version());
	console_print(text_string(&text));
	free(network);
	free(archive);
	text_release(&text);
	return STATUS_PROMOTED;
}
