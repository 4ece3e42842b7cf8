#include "registry/history.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "base/env.h"
#include "packaging/json/json.h"

enum {
	HISTORY_MAX = 4500,
	WHY_MAX = 1000, /* so that one entry alone always fits */
};

static void add_variable(struct text *text, const char *label, const char *name)
{
	const char *value = env_get(name);
	if (value == NULL)
		return;
	text_printf(text, " %s=", label);
	text_add_escaped(text, value, strlen(value));
}

char *history_who(void)
{
	struct text text = {0};
	struct utsname host;
	const char *user = env_get("MLFLOW_TRACKING_USERNAME");
	if (user == NULL)
		user = env_get("USER");
	if (user == NULL)
		user = geteuid() == 0 ? "root" : "uid";
	text_add_escaped(&text, user, strlen(user));
	if (uname(&host) == 0)
		text_printf(&text, "@%s", host.nodename);
	add_variable(&text, "dag", "AIRFLOW_CTX_DAG_ID");
	add_variable(&text, "task", "AIRFLOW_CTX_TASK_ID");
	add_variable(&text, "run", "AIRFLOW_CTX_DAG_RUN_ID");
	add_variable(&text, "try", "AIRFLOW_CTX_TRY_NUMBER");
	return text_take(&text);
}

/* alias: the one that is set next, so that one who dies in between is found out; or NULL */
static cJSON *make_entry(
	const char *to, const char *by, int64_t instead, const char *why, const char *alias)
{
	char at[32];
	cJSON *entry = cJSON_CreateObject();
	clock_format_rfc3339(at, clock_now_ms());
	cJSON_AddStringToObject(entry, "at", at);
	cJSON_AddStringToObject(entry, "to", to);
	cJSON_AddStringToObject(entry, "by", by);
	if (alias != NULL)
		cJSON_AddStringToObject(entry, "alias", alias);
	if (instead != 0) {
		char number[24];
		cJSON_AddStringToObject(entry, "for", text_number(number, instead));
	}
	if (why != NULL) {
		char kept[WHY_MAX];
		cJSON_AddStringToObject(
			entry, "why", text_escape(kept, sizeof(kept), why, strlen(why)));
	}
	return entry;
}

char *history_extend(const char *old, struct cJSON *entry)
{
	cJSON *list = json_parse_note(old);
	if (!cJSON_IsArray(list)) {
		cJSON_Delete(list);
		list = cJSON_CreateArray();
	}
	cJSON_AddItemToArray(list, entry);
	char *printed = cJSON_PrintUnformatted(list);
	while (printed != NULL && strlen(printed) > HISTORY_MAX && cJSON_GetArraySize(list) > 1) {
		cJSON_DeleteItemFromArray(list, 0);
		cJSON_free(printed);
		printed = cJSON_PrintUnformatted(list);
	}
	cJSON_Delete(list);
	if (printed == NULL)
		fail_out_of_memory();
	return printed;
}

int history_record(struct registry *registry, int64_t number, const char *to, const char *by,
	int64_t instead, const char *why, struct fail *f)
{
	const struct version *version = standing_version(&registry->standing, number);
	const char *old = version != NULL ? version_tag(version, TAG_HISTORY) : NULL;
	bool names_alias = registry->alias && strcmp(to, STAGE_PRODUCTION) == 0;
	char *history = history_extend(
		old, make_entry(to, by, instead, why, names_alias ? ALIAS_PRODUCTION : NULL));
	int result = registry_tag(registry, number, TAG_HISTORY, history, f);
	cJSON_free(history);
	return result;
}

static int record_archived(
	struct registry *registry, int64_t winner, const char *by, const char *why, struct fail *f)
{
	const struct standing *standing = &registry->standing;
	for (size_t i = 0; i < standing->versions.count; i++) {
		const struct version *version = &standing->versions.items[i];
		if (version->number != winner && standing_is_production(standing, version) &&
			history_record(
				registry, version->number, STAGE_ARCHIVED, by, winner, why, f) != 0)
			return -1;
	}
	return 0;
}

int history_record_transition(
	struct registry *registry, int64_t winner, const char *by, struct fail *f)
{
	char *why = standing_reason(&registry->standing, winner);
	int result = record_archived(registry, winner, by, why, f);
	if (result == 0)
		result = history_record(registry, winner, STAGE_PRODUCTION, by, 0, why, f);
	free(why);
	return result;
}
