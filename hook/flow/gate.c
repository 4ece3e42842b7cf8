#include "flow/gate.h"

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/clock.h"
#include "base/text.h"
#include "flow/challenger.h"
#include "flow/champion.h"
#include "gate/gate.h"
#include "gate/smoke.h"
#include "registry/tags.h"

static int decide(struct flow *flow, const struct champion *champion, struct fail *f)
{
	const struct settings *settings = &flow->call->settings;
	struct gate_trial *trials;
	size_t trial_count;
	int result = smoke_try(settings->gates, settings->gate_count, flow->package, flow->manifest,
		&trials, &trial_count, f);
	size_t count;
	struct metric *metrics = challenger_metrics(flow, &count);
	struct gate_input input = {
		.training = challenger_side(flow, metrics, count),
		.champion = champion_side(flow, champion),
		.champion_version = champion->version,
		.trained_at_ms = flow->manifest->handoff.trained_at_ms,
		.now_ms = clock_now_ms(),
		.trials = trials,
		.trial_count = trial_count,
	};
	if (result == 0)
		flow->passed = gate_decide(settings->gates, settings->gate_count, &input,
			settings->override_reason, &flow->call->result.verdicts);
	smoke_release(trials, trial_count);
	free(metrics);
	return result;
}

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
		fail_out_of_memory();
	return text;
}

/* {"verdict", "at", "gates": [...], "override": {"why", "by"}}, for the tag modelhook.gate; the
 * numbers of very many gates stay in the result alone */
static char *verdict_text(const struct flow *flow)
{
	char *text = print_verdict(flow, true);
	if (strlen(text) <= VERDICT_MAX)
		return text;
	cJSON_free(text);
	return print_verdict(flow, false);
}

static void describe(const struct flow *flow, struct text *did)
{
	const struct result *result = &flow->call->result;
	if (result->verdicts.count == 0)
		text_add_string(did, "no gate is configured: passed");
	for (size_t i = 0; i < result->verdicts.count; i++)
		text_printf(did, "%s%s %s (%s)", i > 0 ? "; " : "", result->verdicts.items[i].name,
			result->verdicts.items[i].verdict, result->verdicts.items[i].detail);
}

/* The version of an earlier attempt at this package, if there was one. */
static const struct version *find_earlier(struct flow *flow)
{
	const struct version *version = state_find_digest(&flow->registry.state, flow->digest);
	flow->version = version != NULL ? version->number : 0;
	return version;
}

static const char *json_member(const cJSON *object, const char *key)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
}

/* What an earlier attempt at this package was told, whose version may be Production since. */
static void describe_earlier(const struct version *earlier, struct text *did)
{
	const char *text = version_tag(earlier, TAG_GATE);
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

int gate_step(struct flow *flow, struct text *did, struct fail *f)
{
	struct champion champion = {0};
	bool found;
	if (registry_read(&flow->registry, &found, f) != 0)
		return -1;
	const struct version *earlier = find_earlier(flow);
	int result = champion_read(&champion, flow, f);
	if (result == 0 && earlier != NULL && version_tag(earlier, TAG_INTENT) != NULL) {
		flow->passed = true;
		describe_earlier(earlier, did);
	} else if (result == 0) {
		result = decide(flow, &champion, f);
		if (result == 0) {
			flow->verdict = verdict_text(flow);
			describe(flow, did);
		}
	}
	champion_release(&champion);
	return result;
}
