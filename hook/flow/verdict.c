#include "flow/verdict.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/panic.h"
#include "base/text.h"
#include "mlflow/types.h"
#include "packaging/json/json.h"
#include "packaging/json/note.h"
#include "registry/tags.h"

/* What every server takes as the value of a tag: MLflow 1 cuts off at 5,000 characters. */
#define VERDICT_MAX 4500

static struct cJSON *gates_json(const struct result *result, bool with_detail, bool *overridden)
{
	struct cJSON *list = json_new_array();
	*overridden = false;
	for (size_t i = 0; i < result->verdicts.count; i++) {
		struct cJSON *gate = json_new_object();
		json_set_string(gate, "name", result->verdicts.items[i].name);
		json_set_string(gate, "verdict", result->verdicts.items[i].verdict);
		if (with_detail)
			json_set_string(gate, "detail", result->verdicts.items[i].detail);
		json_append(list, gate);
		*overridden =
			*overridden || strcmp(result->verdicts.items[i].verdict, "overridden") == 0;
	}
	return list;
}

static char *print_verdict(const struct flow *flow, bool with_detail)
{
	char at[32];
	bool overridden;
	struct cJSON *object = json_new_object();
	clock_format_rfc3339(at, clock_now_ms());
	json_set_string(object, "verdict", flow->passed ? "passed" : "rejected");
	json_set_string(object, "at", at);
	json_set(object, "gates", gates_json(&flow->call->result, with_detail, &overridden));
	if (overridden) {
		struct cJSON *override = json_set_object(object, "override");
		json_set_string(override, "why", flow->call->settings.override_reason);
		json_set_string(override, "by", flow->who);
	}
	return json_take_text(object);
}

char *verdict_text(const struct flow *flow)
{
	char *text = print_verdict(flow, true);
	if (strlen(text) <= VERDICT_MAX)
		return text;
	free(text);
	return print_verdict(flow, false);
}

void verdict_describe(const struct version *version, struct text *did)
{
	const char *text = version_tag(version, TAG_GATE);
	struct cJSON *verdict = json_parse_note(text);
	const struct cJSON *override = json_find(verdict, "override");
	const char *word = json_find_string(verdict, "verdict");
	const char *by = json_find_string(override, "by"), *why = json_find_string(override, "why");
	if (override != NULL)
		text_printf(did, "overridden before, by %s: %s", by != NULL ? by : "?",
			why != NULL ? why : "?");
	else if (text_equal(word, "rejected"))
		text_add_string(did, "rejected before, and chosen by a person since");
	else
		text_add_string(did, "passed before");
	json_release(verdict);
}
