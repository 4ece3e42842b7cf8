/* delete: a version goes for ever; what it was is kept by the model. */
#include <stdlib.h>

#include "base/fail.h"
#include "base/text.h"
#include "command/by_hand.h"
#include "command/command.h"
#include "mlflow/types.h"
#include "mlflow/versions.h"
#include "registry/history.h"

static int delete (
	struct operator* operator, const struct version * version, struct text *did, struct fail *f)
{
	struct registry *registry = &operator->registry;
	if (state_is_production(&registry->state, version) ||
		version->number == state_desired_version(&registry->state)) {
		fail_set(f, STATUS_REFUSED, "version %lld is Production, or should be",
			(long long)version->number);
		return fail_hint(f, "promote another version first");
	}
	char *what = text_format("delete version %lld for ever? Type the model's name: ",
		(long long)version->number);
	int result = operator_confirm(operator, what, f);
	free(what);
	if (result != 0)
		return -1;
	operator->call->result.outcome = "deleted";
	text_printf(
		did, "version %lld %s deleted", (long long)version->number, by_hand_is(operator));
	if (history_keep_deleted(registry, version, operator->who, f) != 0)
		return fail_wrap(f, "history of version %lld", (long long)version->number);
	return mlflow_delete_version(registry->mlflow, registry->model, version->number, f);
}

int command_delete(struct invocation *call, struct fail *f)
{
	return by_hand_call(call, by_hand_check_version, call->argv[1], delete, f);
}
