/* promote: a version becomes Production, or goes to another stage, by hand. */
#include "base/fail.h"
#include "base/text.h"
#include "command/by_hand.h"
#include "command/command.h"
#include "mlflow/types.h"
#include "registry/decision.h"
#include "registry/tags.h"

static int promote(
	struct operator* operator, const struct version * version, struct text *did, struct fail *f)
{
	const struct settings *settings = &operator->call->settings;
	const char *stage = settings->stage;
	int64_t wanted = version->number, winner;
	if (stage != NULL && !text_equal(stage, STAGE_PRODUCTION)) {
		text_printf(did, "version %lld %s in %s", (long long)wanted, by_hand_is(operator),
			stage);
		operator->call->result.outcome = "staged";
		return operator_stage(operator, version, stage, settings->reason, f);
	}
	operator->call->result.previous_version = state_desired_version(&operator->registry.state);
	if (decision_promote(
		    &operator->registry, operator->who, wanted, settings->reason, &winner, f) != 0)
		return -1;
	by_hand_show_winner(operator, "promoted", wanted, winner, did);
	return by_hand_deliver(operator, winner, false, f);
}

int command_promote(struct invocation *call, struct fail *f)
{
	return by_hand_call(call, by_hand_check_version, call->argv[1], promote, f);
}
