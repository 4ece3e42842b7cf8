#include "flow/promote.h"

#include <stdlib.h>

#include "base/fail.h"
#include "base/text.h"
#include "mlflow/types.h"
#include "mlflow/versions.h"
#include "registry/history.h"
#include "registry/reconcile.h"
#include "registry/tags.h"
#include "settings/policy.h"

/* What was in Staging before makes room, as in MLflow's own page; nobody's Production is touched.
 */
static int stop_at_staging(struct flow *flow, struct text *did, struct fail *f)
{
	const struct version *version = state_version(&flow->registry.state, flow->version);
	bool supported = true;
	if (version == NULL || !text_equal(version->stage, "None")) {
		text_add_string(did, "left to a person, by policy");
		return 0;
	}
	if (mlflow_transition(flow->session.registry, flow->manifest->handoff.model, flow->version,
		    STAGE_STAGING, true, &supported, f) != 0)
		return -1;
	if (!supported) {
		fail_set(f, STATUS_CONFIGURATION,
			"the policy is staging, and this registry has no stages");
		return fail_hint(f, "set \"policy\" to none or production");
	}
	text_printf(did, "version %lld %s in Staging, by policy", (long long)flow->version,
		invocation_word(flow->call, "is", "would be"));
	struct history_change change = {.to = STAGE_STAGING, .by = flow->who, .why = "policy"};
	return history_record(&flow->registry, flow->version, &change, f);
}

/* Nothing failed, and all the same it is not Production: the result says why. */
static void say_why_not(struct flow *flow, int64_t winner, struct text *did)
{
	const struct registry_state *state = &flow->registry.state;
	const struct version *version = state_version(state, flow->version);
	if (winner == flow->version || version == NULL)
		return;
	char *why = state_says_why_not(state, version, winner);
	result_set(&flow->call->result.reason, why);
	text_printf(did, ": %s", why);
	free(why);
}

static int promote_winner(struct flow *flow, struct text *did, struct fail *f)
{
	struct registry *registry = &flow->registry;
	int64_t winner;
	registry->verified = flow->version;
	if (registry_tag(registry, flow->version, TAG_INTENT, flow->manifest->handoff.trained_at,
		    f) != 0 ||
		registry_reconcile(registry, flow->who, &winner, f) != 0)
		return -1;
	if (winner == 0)
		text_add_string(did, "no version is to be Production");
	else if (winner == flow->version)
		text_printf(did, "version %lld %s Production", (long long)winner,
			registry->transitions > 0 ? invocation_word(flow->call, "is", "would be")
						  : "is");
	else
		text_printf(did, "version %lld stays Production", (long long)winner);
	if (registry->transitions == 0)
		text_add_string(did, ", as it was");
	say_why_not(flow, winner, did);
	return 0;
}

int promote_step(struct flow *flow, struct text *did, struct fail *f)
{
	if (!flow->passed) {
		text_add_string(did, "not promoted: a gate rejected it");
		return 0;
	}
	switch (flow->call->settings.policy) {
	case POLICY_STAGING:
		return stop_at_staging(flow, did, f);
	case POLICY_NONE:
		text_add_string(did, "left to a person, by policy");
		return 0;
	case POLICY_PRODUCTION:
		break;
	}
	return promote_winner(flow, did, f);
}
