#include "flow/gate.h"

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "gate/gate.h"
#include "gate/smoke.h"
#include "mlflow/runs.h"
#include "mlflow/types.h"
#include "packaging/json/json.h"
#include "registry/history.h"

/* The sizes that rules can name like metrics. */
enum { SIZE_COUNT = 3 };
static void size_metrics(const struct manifest *manifest, struct metric sizes[SIZE_COUNT])
{
	sizes[0] = (struct metric){(char *)"model_size_bytes", (double)manifest->model_bytes};
	sizes[1] = (struct metric){(char *)"parameter_count", (double)manifest->parameter_count};
	sizes[2] = (struct metric){(char *)"tensor_count", (double)manifest->tensor_count};
}

/* Ours: the handoff's metrics first, then what is measured, then the run's. Owned by the caller. */
static struct metric *own_metrics(const struct flow *flow, size_t *count)
{
	const struct handoff *handoff = &flow->manifest->handoff;
	struct metric *all = memory_get(
		handoff->metric_count + SIZE_COUNT + flow->run.metric_count, sizeof(*all));
	*count = 0;
	for (size_t i = 0; i < handoff->metric_count; i++)
		all[(*count)++] = handoff->metrics[i];
	if (flow->manifest->file_count > 0) {
		size_metrics(flow->manifest, all + *count);
		*count += SIZE_COUNT;
	}
	for (size_t i = 0; i < flow->run.metric_count; i++)
		all[(*count)++] = flow->run.metrics[i];
	return all;
}

static struct gate_side own_side(
	const struct flow *flow, const struct metric *metrics, size_t count)
{
	const struct manifest *manifest = flow->manifest;
	return (struct gate_side){
		.metrics = metrics,
		.metric_count = count,
		.samples = manifest->handoff.samples,
		.sample_count = manifest->handoff.sample_count,
		.weights = manifest->weights[0] != '\0' ? manifest->weights : NULL,
	};
}

int flow_gate_check(struct flow *flow, struct fail *f)
{
	const struct settings *settings = &flow->call->settings;
	size_t count;
	struct metric *metrics = own_metrics(flow, &count);
	struct gate_side side = own_side(flow, metrics, count);
	int result = gate_check_inputs(settings->gates, settings->gate_count, &side, f);
	free(metrics);
	return result;
}

/* champion - the version that is Production, and its numbers; owns what it read */
struct champion {
	int64_t version; /* 0: none, or it is ours */
	struct run run;
	struct metric *tags; /* tags that are numbers; keys borrowed from the standing */
	size_t tag_count;
	struct count *samples; /* keys borrowed from samples_json */
	size_t sample_count;
	cJSON *samples_json;
};

static void champion_release(struct champion *champion)
{
	run_release(&champion->run);
	free(champion->tags);
	free(champion->samples);
	cJSON_Delete(champion->samples_json);
	*champion = (struct champion){0};
}

/* The tag "accuracy" is what the handoff calls train_accuracy. */
static void champion_read_tags(struct champion *champion, const struct version *version)
{
	champion->tags = memory_get(version->tag_count, sizeof(*champion->tags));
	for (size_t i = 0; i < version->tag_count; i++) {
		const struct pair *tag = &version->tags[i];
		char *end;
		double value = strtod(tag->value, &end);
		if (end == tag->value || *end != '\0')
			continue;
		champion->tags[champion->tag_count++] = (struct metric){
			.key = strcmp(tag->key, "accuracy") == 0 ? (char *)"train_accuracy"
								 : tag->key,
			.value = value,
		};
	}
}

size_t flow_gate_samples(const char *text, struct cJSON **tree, struct count **samples)
{
	*tree = json_parse_note(text);
	size_t count = cJSON_IsObject(*tree) ? (size_t)cJSON_GetArraySize(*tree) : 0, kept = 0;
	*samples = memory_get(count, sizeof(**samples));
	for (const cJSON *item = count > 0 ? (*tree)->child : NULL; item != NULL; item = item->next)
		if (cJSON_IsNumber(item) && item->valuedouble >= 0 &&
			item->valuedouble <= (double)JSON_INTEGER_MAX)
			(*samples)[kept++] =
				(struct count){item->string, (int64_t)item->valuedouble};
	return kept;
}

/* Where several are Production (others' doing), the one that ought to be is compared with. */
static const struct version *find_champion(const struct registry_state *state)
{
	const struct version *champion = state_version(state, state_desired_version(state));
	if (champion != NULL && state_is_production(state, champion))
		return champion;
	for (size_t i = state->versions.count; i-- > 0;)
		if (state_is_production(state, &state->versions.items[i]))
			return &state->versions.items[i];
	return NULL;
}

static int champion_read(struct champion *champion, struct flow *flow, struct fail *f)
{
	const struct settings *settings = &flow->call->settings;
	const struct version *version = find_champion(&flow->registry.state);
	bool found;
	if (version == NULL || version->number == flow->version)
		return 0;
	champion->version = version->number;
	flow->call->result.previous_version = version->number;
	champion_read_tags(champion, version);
	champion->sample_count = flow_gate_samples(
		version_tag(version, TAG_SAMPLES), &champion->samples_json, &champion->samples);
	if (!gate_needs_champion(settings->gates, settings->gate_count) ||
		version->run_id == NULL || version->run_id[0] == '\0')
		return 0;
	if (mlflow_get_run(&flow->session.tracking.mlflow, version->run_id, &champion->run, &found,
		    f) != 0)
		return fail_wrap(f, "run %s of the champion", version->run_id);
	return 0;
}

static struct gate_side champion_side(const struct flow *flow, const struct champion *champion)
{
	const struct version *version = state_version(&flow->registry.state, champion->version);
	return (struct gate_side){
		.metrics = champion->run.metrics,
		.metric_count = champion->run.metric_count,
		.more = champion->tags,
		.more_count = champion->tag_count,
		.samples = champion->samples,
		.sample_count = champion->sample_count,
		.weights = version != NULL ? version_tag(version, TAG_WEIGHTS) : NULL,
	};
}

static int decide(struct flow *flow, const struct champion *champion, struct fail *f)
{
	const struct settings *settings = &flow->call->settings;
	struct gate_trial *trials;
	size_t trial_count;
	int result = smoke_try(settings->gates, settings->gate_count, flow->package, flow->manifest,
		&trials, &trial_count, f);
	size_t count;
	struct metric *metrics = own_metrics(flow, &count);
	struct gate_input input = {
		.training = own_side(flow, metrics, count),
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

int flow_gate(struct flow *flow, struct text *did, struct fail *f)
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
