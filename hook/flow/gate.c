#include "flow/gate.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/console.h"
#include "base/fail.h"
#include "base/text.h"
#include "flow/challenger.h"
#include "flow/champion.h"
#include "flow/verdict.h"
#include "gate/gate.h"
#include "gate/smoke.h"
#include "mlflow/types.h"
#include "registry/tags.h"

static int decide(struct flow *flow, const struct champion *champion, struct fail *f)
{
	const struct settings *settings = &flow->call->settings;
	struct gate_trials trials;
	int result = smoke_try(
		settings->gates, settings->gate_count, flow->package, flow->manifest, &trials, f);
	size_t count;
	struct metric *metrics = challenger_metrics(flow, &count);
	struct gate_input input = {
		.training = challenger_side(flow, metrics, count),
		.champion = champion_side(flow, champion),
		.champion_version = champion->version,
		.trained_at_ms = flow->manifest->handoff.trained_at_ms,
		.now_ms = clock_now_ms(),
		.trials = &trials,
	};
	if (settings->gate_count == 0)
		console_warn(GATE_NONE);
	if (result == 0)
		flow->passed = gate_decide(settings->gates, settings->gate_count, &input,
			settings->override_reason, &flow->call->result.verdicts);
	smoke_release(&trials);
	free(metrics);
	return result;
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
		verdict_describe(earlier, did);
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
