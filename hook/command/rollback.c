/* rollback: back to the version that was good before. */
#include "base/fail.h"
#include "base/text.h"
#include "command/by_hand.h"
#include "command/command.h"
#include "mlflow/types.h"

static int check_to(const struct invocation *call, struct fail *f)
{
	return call->settings.to != NULL ? operator_check_name(call->settings.to, f) : 0;
}

static int rollback(
	struct operator* operator, const struct version * none, struct text *did, struct fail *f)
{
	const struct settings *settings = &operator->call->settings;
	const struct version *to = none;
	int64_t from, winner;
	if (settings->to != NULL && operator_version(operator, settings->to, &to, f) != 0)
		return -1;
	int64_t wanted = to != NULL ? to->number : 0;
	if (operator_rollback(operator, wanted, settings->reason, &from, &winner, f) != 0)
		return -1;
	operator->call->result.previous_version = from;
	by_hand_show_state(operator, winner);
	by_hand_show_winner(operator, wanted != 0 ? wanted : winner, winner, did);
	return 0;
}

int command_rollback(struct invocation *call, struct fail *f)
{
	return by_hand_call(call, check_to, NULL, rollback, f);
}
