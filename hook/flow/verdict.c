#include "flow/verdict.h"

#include <string.h>

#include <cjson/cJSON.h>

#include "base/clock.h"
#include "base/panic.h"
#include "base/text.h"
#include "registry/tags.h"

/* What every server takes as the value of a tag: MLflow 1 cuts off at 5,000 characters. */
#define VERDICT_MAX 4500

static cJSON *gates_json(const struct result *result, bool with_detail, bool *overridden)
{
	cJSON *list = cJSON_CreateArray();
	*overridden = false;
	for (size_t i = 0; i < result->verdicts.count; i++) {
		cJSON *gate = cJSON_CreateObject();
		cJSON_AddStringToObject(gate, "name", result->verdicts.items[i].name);
		cJSON_AddStringToObject(gate, "verdict", result->verdicts.items[i].verdict);
		if (with_detail)
			cJSON_AddStringToObject(gate, "detail", result->verdicts.items[i].detail);
		cJSON_AddItemToArray(list, gate);
		*overridden =
			*overridden || strcmp(result->verdicts.items[i].verdict, "overridden") == 0;
	}
	return list;
}

static char *print_verdict(const struct flow *flow, bool with_detail)
{
	char at[32];
	bool overridden;
	cJSON *object = cJSON_CreateObject();
	clock_format_rfc3339(at, clock_now_ms());
	cJSON_AddStringToObject(object, "verdict", flow->passed ? "passed" : "rejected");
	cJSON_AddStringToObject(object, "at", at);
	cJSON_AddItemToObject(
		object, "gates", gates_json(&flow->call->result, with_detail, &overridden));
	if (overridden) {
		cJSON *override = cJSON_AddObjectToObject(object, "override");
		cJSON_AddStringToObject(override, "why", flow->call->settings.override_reason);
		cJSON_AddStringToObject(override, "by", flow->who);
	}
	char *text = cJSON_PrintUnformatted(object);
	cJSON_Delete(object);
	if (text == NULL)
		panic_out_of_memory();
	return text;
}

char *verdict_text(const struct flow *flow)
{
	char *text = print_verdict(flow, true);
	if (strlen(text) <= VERDICT_MAX)
		return text;
	cJSON_free(text);
	return print_verdict(flow, false);
}

static const char *json_member(const cJSON *object, const char *key)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
}

void verdict_describe(const struct version *version, struct text *did)
{
	const char *text = version_tag(version, TAG_GATE);
	cJSON *verdict = text != NULL ? cJSON_Parse(text) : NULL;
	const cJSON *override = cJSON_GetObjectItemCaseSensitive(verdict, "override");
	const char *word = json_member(verdict, "verdict");
	const char *by = json_member(override, "by"), *why = json_member(override, "why");
	if (override != NULL)
		text_printf(did, "overridden before, by %s: %s", by != NULL ? by : "?",
			why != NULL ? why : "?");
	else if (text_equal(word, "rejected"))
		text_add_string(did, "rejected before, and chosen by a person since");
	else
		text_add_string(did, "passed before");
	cJSON_Delete(verdict);
}
