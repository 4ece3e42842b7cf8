/* archive: a version goes to Archived. */
#include "base/fail.h"
#include "base/text.h"
#include "command/by_hand.h"
#include "command/command.h"
#include "mlflow/types.h"
#include "registry/tags.h"

static int archive(
	struct operator* operator, const struct version * version, struct text *did, struct fail *f)
{
	operator->call->result.outcome = "archived";
	text_printf(
		did, "version %lld %s archived", (long long)version->number, by_hand_is(operator));
	return operator_stage(operator, version, STAGE_ARCHIVED, operator->call->settings.reason,
		f);
}

int command_archive(struct invocation *call, struct fail *f)
{
	return by_hand_call(call, by_hand_check_version, call->argv[1], archive, f);
}
