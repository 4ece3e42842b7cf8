#include "deploy/deploy.h"

#include "base/clock.h"
#include "base/fail.h"
#include "deploy/kind.h"

int deploy_reload(const struct deploy_target *target, const struct deploy_call *call,
	struct text *did, struct fail *f)
{
	struct deploy_call own = *call;
	own.deadline = deadline_within(call->deadline, target->timeout_ms);
	if (target->kind->reload(target, &own, did, f) == 0)
		return 0;
	/* the registry says Production by now, whatever the service did not like */
	if (!status_is_retryable(f->status))
		f->status = STATUS_NOT_SERVED;
	return fail_wrap(f, "deploy %s", target->name);
}
