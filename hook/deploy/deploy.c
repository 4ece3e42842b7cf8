#include "deploy/deploy.h"

#include "base/clock.h"
#include "base/fail.h"
#include "deploy/kind.h"

static int ask_served(const struct deploy_target *target, const struct deploy_call *call,
	bool *served, struct fail *f)
{
	*served = false;
	return call->is_served != NULL ? call->is_served(call->served_context, target, served, f)
				       : 0;
}

static int reload(const struct deploy_target *target, const struct deploy_call *call,
	struct text *did, struct fail *f)
{
	bool served;
	if (ask_served(target, call, &served, f) != 0)
		return -1;
	if (!served)
		return target->kind->reload(target, call, did, f);
	text_add_string(did, target->kind->has_replicas ? "every replica serves the version already"
							: "the version is served already");
	return 0;
}

static enum status end_status(enum status status, struct deadline deadline)
{
	if (status_is_retryable(status)) /* LATER, a full disk, a stop */
		return status;
	return deadline_left(deadline) == 0 ? STATUS_LATER : STATUS_NOT_SERVED;
}

int deploy_reload(const struct deploy_target *target, const struct deploy_call *call,
	struct text *did, struct fail *f)
{
	struct deploy_call own = *call;
	own.deadline = deadline_within(call->deadline, target->timeout_ms);
	if (reload(target, &own, did, f) == 0)
		return 0;
	f->status = end_status(f->status, call->deadline);
	return fail_wrap(f, "deploy %s", target->name);
}
