#include "flow/verify.h"

#include <stdlib.h>

#include "base/fail.h"
#include "base/text.h"
#include "gate/verdict.h"
#include "mlflow/types.h"
#include "registry/tags.h"
#include "settings/policy.h"

static const char *outcome_word(
	const struct flow *flow, const struct version *version, bool production)
{
	if (production)
		return "promoted";
	if (!flow->passed)
		return "held";
	switch (flow->call->settings.policy) {
	case POLICY_STAGING:
		return "staged";
	case POLICY_NONE:
		return "registered";
	case POLICY_PRODUCTION:
		break;
	}
	return version_tag(version, TAG_WITHDRAWN) != NULL ? "withdrawn" : "superseded";
}

/* A gate, else the policy: nothing else holds what no version has overtaken. */
static void say_why_held(struct flow *flow)
{
	struct result *result = &flow->call->result;
	char *rejected = gate_verdicts_rejected(&result->verdicts);
	result_set(&result->reason, rejected != NULL ? rejected : "left to a person, by policy");
	free(rejected);
}

/* From what the registry shows at the end. */
static void set_outcome(struct flow *flow, const struct version *version, bool production)
{
	struct result *result = &flow->call->result;
	result->outcome = outcome_word(flow, version, production);
	result->status = production ? STATUS_PROMOTED : STATUS_HELD;
	if (production)
		result_set(&result->reason, NULL);
	else if (result->reason == NULL)
		say_why_held(flow);
}

/* Told is what the registry said last, after the last write. */
int verify_step(struct flow *flow, struct text *did, struct fail *f)
{
	struct result *result = &flow->call->result;
	struct registry *registry = &flow->registry;
	bool found;
	if (!registry->fresh && registry_read(registry, &found, f) != 0)
		return -1;
	const struct version *version = state_version(&registry->state, flow->version);
	if (version == NULL)
		return fail_set(
			f, STATUS_REFUSED, "version %lld is gone again", (long long)flow->version);
	bool production = state_is_production(&registry->state, version);
	size_t count = state_production_count(&registry->state);
	if (flow->passed && flow->promote && state_desired_version(&registry->state) != 0 &&
		count != 1)
		return fail_set(f, STATUS_LATER, "%zu versions are Production", count);
	result_set(&result->stage, version->stage);
	result_set(&result->alias, state_alias(&registry->state, ALIAS_PRODUCTION) == flow->version
					   ? ALIAS_PRODUCTION
					   : NULL);
	if (production && result->previous_version == 0)
		result->previous_version = state_previous(&registry->state, flow->version);
	set_outcome(flow, version, production);
	/* a plan writes nothing that could be read back */
	if (!flow->call->settings.mlflow.plan)
		text_printf(did, "%zu version%s Production", count, count == 1 ? " is" : "s are");
	return 0;
}
