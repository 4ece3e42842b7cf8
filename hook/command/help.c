#include "command/help.h"

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/console.h"
#include "base/text.h"
#include "http/http.h"
#include "packaging/archive/reader.h"
#include "version.h"

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
	text_add_string(text, "status  name            scheduler  when\n");
	for (size_t i = 0; i < ROW_COUNT; i++)
		text_printf(text, "%6d  %-14s  %-9s  %s\n", rows[i].number, rows[i].word,
			rows[i].action, rows[i].when);
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
	char *printed = cJSON_PrintUnformatted(list);
	cJSON_Delete(list);
	text_printf(text, "%s\n", printed);
	cJSON_free(printed);
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

static int verb_text(const struct verb *verbs, const char *name, struct text *text, struct fail *f)
{
	for (const struct verb *verb = verbs; verb->name != NULL; verb++) {
		if (strcmp(verb->name, name) != 0)
			continue;
		text_printf(
			text, "modelhook %s %s\n  %s\n\n", verb->name, verb->arguments, verb->help);
		settings_help(verb->takes, text);
		return 0;
	}
	char escaped[64];
	return fail_set(f, STATUS_USAGE, "%s: no such command",
		text_escape(escaped, sizeof(escaped), name, strlen(name)));
}

int help_print(const struct verb *verbs, const char *about, bool json, struct fail *f)
{
	struct text text = {0};
	int result = 0;
	if (about == NULL)
		verbs_text(verbs, &text);
	else if (strcmp(about, "statuses") == 0)
		json ? statuses_json(&text) : statuses_text(&text);
	else
		result = verb_text(verbs, about, &text, f);
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
