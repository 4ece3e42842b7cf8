/* rollback: back to the version that was good before. */
#include "base/fail.h"
#include "base/text.h"
#include "command/by_hand.h"
#include "command/command.h"
#include "mlflow/types.h"
#include "registry/decision.h"

static int check_to(const struct invocation *call, struct fail *f)
{
	return call->settings.to != NULL ? operator_check_name(call->settings.to, f) : 0;
}

static int rollback(
	struct operator* operator, const struct version * none, struct text *did, struct fail *f)
{
	const struct settings *settings = &operator->call->settings;
	const struct version *to = none;
	if (settings->to != NULL && operator_version(operator, settings->to, &to, f) != 0)
		return -1;
	struct rollback rollback = {
		.who = operator->who,
		.why = settings->reason,
		.to = to != NULL ? to->number : 0,
	};
	if (decision_rollback(&operator->registry, &rollback, f) != 0)
		return -1;
	int64_t wanted = rollback.to != 0 ? rollback.to : rollback.winner;
	operator->call->result.previous_version = rollback.from;
	by_hand_show_state(operator, rollback.winner);
	by_hand_show_winner(operator, "rolled_back", wanted, rollback.winner, did);
	/* a person chose where to go: nobody but a person goes further back */
	return by_hand_deliver(operator, rollback.winner, true, f);
}

int command_rollback(struct invocation *call, struct fail *f)
{
	return by_hand_call(call, check_to, NULL, rollback, f);
}
