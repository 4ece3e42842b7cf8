#include "command/finish.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/console.h"
#include "base/fail.h"
#include "base/text.h"
#include "http/plan.h"

void finish_add_step(struct invocation *call, const char *name, int64_t started, char *did)
{
	invocation_add_step(call, name, clock_monotonic_ms() - started, did);
	free(did);
}

void finish_take_plan(struct invocation *call, const struct plan *plan)
{
	if (!call->settings.mlflow.plan)
		return;
	result_set(&call->result.plan, text_string(&plan->calls));
	if (!call->settings.json)
		console_print(text_string(&plan->calls));
	console_say("plan: %zu calls would be sent; none was", plan->count);
}

int finish_flow(struct flow *flow, int result, struct fail *f)
{
	struct invocation *call = flow->call;
	if (result == 0)
		result = flow_finish(flow, f);
	if (!call->settings.mlflow.plan)
		flow_report(flow, result == 0 ? NULL : f);
	finish_take_plan(call, &flow->session.plan);
	flow_release(flow);
	return result;
}

int finish_package(struct invocation *call, const struct manifest *manifest, const char *package,
	struct fail *f)
{
	struct flow flow;
	flow_begin(&flow, call, manifest, package);
	return finish_flow(&flow, 0, f);
}
