/* describe: the description of a version. */
#include <string.h>

#include "base/fail.h"
#include "base/text.h"
#include "base/utf8.h"
#include "command/by_hand.h"
#include "command/command.h"
#include "mlflow/types.h"
#include "mlflow/versions.h"

static int check_description(const struct invocation *call, struct fail *f)
{
	if (!utf8_is_valid(call->argv[2], strlen(call->argv[2])))
		return fail_set(f, STATUS_USAGE, "a description is text in UTF-8");
	return by_hand_check_version(call, f);
}

static int describe(
	struct operator* operator, const struct version * version, struct text *did, struct fail *f)
{
	const char *text = operator->call->argv[2];
	operator->call->result.outcome = "described";
	text_printf(
		did, "version %lld %s described", (long long)version->number, by_hand_is(operator));
	return mlflow_describe_version(operator->registry.mlflow, operator->registry.model,
		version->number, text, f);
}

int command_describe(struct invocation *call, struct fail *f)
{
	return by_hand_call(call, check_description, call->argv[1], describe, f);
}
