#include "command/help.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/console.h"
#include "base/escape.h"
#include "base/fail.h"
#include "base/suggest.h"
#include "base/table.h"
#include "base/text.h"
#include "base/wrap.h"
#include "command/help_deploy.h"
#include "http/http.h"
#include "packaging/archive/reader.h"
#include "packaging/json/json.h"
#include "packaging/yaml/yaml.h"
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

static void take_json(struct cJSON *value, struct text *text)
{
	char *printed = json_take_text(value);
	text_printf(text, "%s\n", printed);
	free(printed);
}

static void statuses_json(struct text *text)
{
	struct cJSON *list = json_new_array();
	for (size_t i = 0; i < ROW_COUNT; i++) {
		struct cJSON *row = json_new_object();
		json_set_number(row, "status", rows[i].number);
		json_set_string(row, "name", rows[i].word);
		json_set_string(row, "scheduler", rows[i].action);
		json_set_string(row, "when", rows[i].when);
		json_append(list, row);
	}
	take_json(list, text);
}

static void commands_text(const struct command *commands, struct text *text)
{
	text_add_string(
		text, "modelhook - from a handed-off SavedModel to the one Production version\n\n");
	for (const struct command *command = commands; command->name != NULL; command++) {
		text_printf(text, "  modelhook %s %s\n", command->name, command->arguments);
		wrap_add(text, command->help, 6);
	}
	text_add_string(text,
		"\nmodelhook help COMMAND tells its options, help statuses the exit statuses,\n"
		"help deploy how the service is reloaded and the rights that takes in Kubernetes,\n"
		"--version the version. The server is MLFLOW_TRACKING_URI, with MLflow's own\n"
		"variables for credentials and TLS.\n");
}

const struct command *help_find_command(
	const struct command *commands, const char *name, struct fail *f)
{
	char escaped[64];
	struct suggestion suggestion = suggest_for(name);
	for (const struct command *command = commands; command->name != NULL; command++) {
		if (strcmp(command->name, name) == 0)
			return command;
		suggest_offer(&suggestion, command->name);
	}
	fail_set(f, STATUS_USAGE, "%s: no such command",
		escape_into(escaped, sizeof(escaped), name, strlen(name)));
	fail_hint(f, "modelhook help lists the commands");
	suggest_hint(&suggestion, f);
	return NULL;
}

static void command_text(const struct command *command, struct text *text)
{
	text_printf(text, "modelhook %s %s\n", command->name, command->arguments);
	wrap_add(text, command->help, 2);
	text_add_string(text, "\n");
	settings_help(command->takes, text);
}

static struct cJSON *command_json(const struct command *command)
{
	struct cJSON *object = json_new_object();
	json_set_string(object, "schema", HELP_SCHEMA);
	json_set_string(object, "command", command->name);
	json_set_string(object, "arguments", command->arguments);
	json_set_string(object, "help", command->help);
	json_set(object, "options", settings_help_json(command->takes));
	return object;
}

static struct cJSON *list_json(const struct command *commands)
{
	struct cJSON *object = json_new_object();
	json_set_string(object, "schema", HELP_SCHEMA);
	struct cJSON *list = json_set_array(object, "commands");
	for (const struct command *command = commands; command->name != NULL; command++)
		json_append(list, command_json(command));
	return object;
}

static void print_commands(const struct command *commands, bool json, struct text *text)
{
	if (json)
		take_json(list_json(commands), text);
	else
		commands_text(commands, text);
}

static int print_command(const struct command *commands, const char *name, bool json,
	struct text *text, struct fail *f)
{
	const struct command *command = help_find_command(commands, name, f);
	if (command == NULL)
		return -1;
	if (json)
		take_json(command_json(command), text);
	else
		command_text(command, text);
	return 0;
}

static void print_deploy(bool json, struct text *text)
{
	if (!json) {
		text_add_string(text, help_deploy_text());
		return;
	}
	struct cJSON *object = json_new_object();
	json_set_string(object, "schema", HELP_SCHEMA);
	json_set_string(object, "about", "deploy");
	json_set_string(object, "text", help_deploy_text());
	take_json(object, text);
}

int help_print(const struct command *commands, const char *about, bool json, struct fail *f)
{
	struct text text = {0};
	int result = 0;
	if (about == NULL)
		print_commands(commands, json, &text);
	else if (strcmp(about, "statuses") == 0)
		json ? statuses_json(&text) : statuses_text(&text);
	else if (strcmp(about, "deploy") == 0)
		print_deploy(json, &text);
	else
		result = print_command(commands, about, json, &text, f);
	console_print(text_string(&text));
	text_release(&text);
	return result;
}

int help_version(void)
{
	struct text text = {0};
	char *network = http_library_versions();
	char *archive = archive_library_versions();
	char *json = json_library_version();
	char *yaml = yaml_library_version();
	text_printf(&text, "modelhook %s (%s)\n%s, %s, %s, %s\n", MODELHOOK_VERSION,
		MODELHOOK_COMMIT, network, archive, json, yaml);
	console_print(text_string(&text));
	free(network);
	free(archive);
	free(json);
	free(yaml);
	text_release(&text);
	return STATUS_PROMOTED;
}
