#include "command/finish.h"

#include <stdlib.h>

#include "base/amount.h"
#include "base/clock.h"
#include "base/console.h"
#include "base/fail.h"
#include "base/text.h"
#include "http/plan.h"
#include "registry/registry.h"

void finish_add_step(struct invocation *call, const char *name, int64_t started, char *did)
{
	invocation_add_step(call, name, clock_monotonic_ms() - started, did);
	free(did);
}

/* "Production 5 -> 6; 5 would be archived" */
static void add_production(struct text *text, const struct registry *registry)
{
	int64_t before = registry->production_before;
	int64_t after = state_production_number(&registry->state);
	char from[24], to[24];
	text_printf(text, "; Production %s", before != 0 ? text_number(from, before) : "none");
	if (before == after)
		text_add_string(text, ", as it is");
	else
		text_printf(text, " -> %s", after != 0 ? text_number(to, after) : "none");
	if (before != after && before != 0 && registry->stage)
		text_printf(text, "; %s would be archived", from);
}

static void add_upload(struct text *text, const struct finish_plan *told)
{
	if (told->files == 0)
		return;
	text_add_string(text, "; ");
	amount_add_counted(text, told->files, "file");
	text_add_string(text, ", ");
	amount_add_bytes(text, told->bytes);
	text_add_string(text, " would be uploaded");
}

/* For people: what would become of it, and of Production. */
static void say_plan(const struct invocation *call, const struct finish_plan *told)
{
	const struct result *result = &call->result;
	struct text text = {0};
	text_printf(&text, "plan     would be %s", result->would_be);
	if (result->reason != NULL)
		text_printf(&text, ": %s", result->reason);
	if (told->registry != NULL)
		add_production(&text, told->registry);
	add_upload(&text, told);
	text_add_string(&text, "; ");
	amount_add_counted(&text, told->plan->count, "call");
	text_printf(&text, " would be sent, none was%s",
		call->settings.verbose || told->plan->count == 0 ? "" : " (--verbose: which)");
	console_say("%s", text_string(&text));
	text_release(&text);
}

/* Nothing of this is there: what the result says of it would be read as a fact. */
static void forget_planned_facts(struct result *result)
{
	result_set(&result->stage, NULL);
	result_set(&result->alias, NULL);
	result->created = CREATED_UNKNOWN;
	result->verified = NULL;
}

void finish_take_plan(struct invocation *call, const struct finish_plan *told)
{
	const struct settings *settings = &call->settings;
	struct result *result = &call->result;
	if (!settings->mlflow.plan)
		return;
	result_set(&result->plan, text_string(&told->plan->calls));
	forget_planned_facts(result);
	if (told->failed)
		return;
	result->would_be = result_word(result, NULL);
	result->outcome = "planned";
	result->status = settings->plan_exit_code && told->plan->count > 0 ? STATUS_PLANNED
									   : STATUS_PROMOTED;
	say_plan(call, told);
	if (settings->verbose && !settings->json)
		console_print(text_string(&told->plan->calls));
}

int finish_flow(struct flow *flow, int result, struct fail *f)
{
	struct invocation *call = flow->call;
	if (result == 0)
		result = flow_finish(flow, f);
	if (!call->settings.mlflow.plan)
		flow_report(flow, result == 0 ? NULL : f);
	const struct finish_plan told = {
		.plan = &flow->session.plan,
		.registry = &flow->registry,
		.files = flow->upload.sent,
		.bytes = flow->upload.bytes,
		.failed = result != 0,
	};
	finish_take_plan(call, &told);
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
