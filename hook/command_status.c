/* status: who is Production, since when, by whom, with which numbers, and what is wrong. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "anomaly.h"
#include "base/console.h"
#include "command.h"
#include "history.h"
#include "registry.h"
#include "session.h"

static void add_string(cJSON *object, const char *key, const char *value)
{
	if (value != NULL)
		cJSON_AddStringToObject(object, key, value);
	else
		cJSON_AddNullToObject(object, key);
}

/* Since when a version is Production, and who made it so: its own history, else what MLflow last
 * changed. */
struct tenure {
	char since[32];
	char *by; /* owned */
};

static void tenure_read(struct tenure *tenure, const struct version *version)
{
	const char *text = version_tag(version, TAG_HISTORY);
	cJSON *list = text != NULL ? cJSON_Parse(text) : NULL;
	clock_format_rfc3339(tenure->since, version->updated_ms);
	tenure->by = text_copy(version_tag(version, TAG_BY));
	int count = cJSON_IsArray(list) ? cJSON_GetArraySize(list) : 0;
	for (int i = count; i-- > 0;) {
		const cJSON *entry = cJSON_GetArrayItem(list, i);
		const char *to =
			cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(entry, "to"));
		const char *at =
			cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(entry, "at"));
		const char *by =
			cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(entry, "by"));
		if (!text_equal(to, STAGE_PRODUCTION) || at == NULL)
			continue;
		snprintf(tenure->since, sizeof(tenure->since), "%.31s", at);
		free(tenure->by);
		tenure->by = text_copy(by);
		break;
	}
	cJSON_Delete(list);
}

static cJSON *version_json(const struct version *version)
{
	struct tenure tenure;
	char number[24];
	cJSON *object = cJSON_CreateObject();
	tenure_read(&tenure, version);
	add_string(object, "version", version_text(number, version->number));
	add_string(object, "since", tenure.since);
	add_string(object, "by", tenure.by);
	add_string(object, "run_id", version->run_id);
	add_string(object, "source", version->source);
	add_string(object, "accuracy", version_tag(version, "accuracy"));
	add_string(object, "val_accuracy", version_tag(version, "val_accuracy"));
	add_string(object, "trained_at", version_tag(version, TAG_TRAINED_AT));
	add_string(object, "digest", version_tag(version, TAG_DIGEST));
	free(tenure.by);
	return object;
}

static void print_json(
	const char *model, const struct standing *standing, const struct anomalies *anomalies)
{
	cJSON *object = cJSON_CreateObject();
	add_string(object, "schema", "modelhook/status@1");
	add_string(object, "model", model);
	cJSON_AddNumberToObject(object, "versions", (double)standing->versions.count);
	cJSON *production = cJSON_AddArrayToObject(object, "production");
	for (size_t i = 0; i < standing->versions.count; i++)
		if (standing_is_production(standing, &standing->versions.items[i]))
			cJSON_AddItemToArray(
				production, version_json(&standing->versions.items[i]));
	cJSON *list = cJSON_AddArrayToObject(object, "anomalies");
	for (size_t i = 0; i < anomalies->count; i++) {
		cJSON *item = cJSON_CreateObject();
		add_string(item, "kind", anomalies->items[i].kind);
		add_string(item, "text", anomalies->items[i].text);
		cJSON_AddItemToArray(list, item);
	}
	char *line = cJSON_PrintUnformatted(object);
	cJSON_Delete(object);
	console_print(line);
	console_print("\n");
	cJSON_free(line);
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

static void add_version(struct text *text, const struct version *version)
{
	struct tenure tenure;
	tenure_read(&tenure, version);
	text_printf(text, "%sversion %lld is Production%s\n", console_bold(),
		(long long)version->number, console_plain());
	add_line(text, "since", tenure.since);
	add_line(text, "by", tenure.by);
	add_line(text, "trained at", version_tag(version, TAG_TRAINED_AT));
	add_line(text, "accuracy", version_tag(version, "accuracy"));
	add_line(text, "val_accuracy", version_tag(version, "val_accuracy"));
	add_line(text, "run", version->run_id);
	add_line(text, "source", version->source);
	free(tenure.by);
}

static void print_text(
	const char *model, const struct standing *standing, const struct anomalies *anomalies)
{
	struct text text = {0};
	text_printf(&text, "%s: %zu versions\n", model, standing->versions.count);
	for (size_t i = 0; i < standing->versions.count; i++)
		if (standing_is_production(standing, &standing->versions.items[i]))
			add_version(&text, &standing->versions.items[i]);
	for (size_t i = 0; i < anomalies->count; i++)
		text_printf(&text, "anomaly: %s\n", anomalies->items[i].text);
	if (anomalies->count == 0)
		text_add_string(&text, "nothing is wrong\n");
	console_print(text_string(&text));
	text_release(&text);
}

static int status_of(
	struct invocation *call, struct session *session, const char *model, struct fail *f)
{
	struct registry registry;
	struct anomalies anomalies;
	bool found = false;
	int result = registry_open(&registry, session->registry, model, PROMOTE_BY_SERVER, f);
	if (result == 0)
		result = registry_read(&registry, &found, f);
	if (result == 0 && !found)
		result = fail_set(f, STATUS_REFUSED, "%s: no such registered model", model);
	if (result == 0) {
		anomalies_find(&registry.standing, registry.alias, &anomalies);
		if (call->settings.json)
			print_json(model, &registry.standing, &anomalies);
		else
			print_text(model, &registry.standing, &anomalies);
		anomalies_release(&anomalies);
	}
	registry_release(&registry);
	return result;
}

static int status_of_all(struct invocation *call, struct session *session, struct fail *f)
{
	struct registered_models models = {0};
	int result = mlflow_search_models(session->registry, &models, f);
	for (size_t i = 0; result == 0 && i < models.count; i++)
		result = status_of(call, session, models.items[i].name, f);
	registered_models_release(&models);
	return result;
}

int command_status(struct invocation *call, struct fail *f)
{
	struct session session = {0};
	int result = invocation_settle(call, ".", f);
	if (result == 0)
		result = session_open(&session, &call->settings, call->deadline, f);
	if (result == 0 && call->argc == 0)
		result = status_of_all(call, &session, f);
	for (int i = 0; result == 0 && i < call->argc; i++)
		result = status_of(call, &session, call->argv[i], f);
	session_release(&session);
	return result;
}
