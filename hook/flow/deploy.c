#include "flow/deploy.h"

#include "base/clock.h"
#include "base/fail.h"
#include "base/text.h"
#include "deploy/deploy.h"
#include "deploy/kind.h"
#include "flow/to_serve.h"
#include "mlflow/types.h"

static int reload(struct flow *flow, const struct deploy_target *target,
	const struct deploy_model *model, struct fail *f)
{
	struct deploy_call call = {.model = model,
		.http = &flow->call->settings.http,
		.deadline = flow->call->deadline};
	struct text did = {0};
	int64_t started = clock_monotonic_ms();
	int result = 0;
	if (flow->call->settings.mlflow.plan) {
		text_add_string(&did, "would ");
		target->kind->would(target, model, &did);
	} else {
		result = deploy_reload(target, &call, &did, f);
	}
	if (result == 0)
		step_record(flow, target->name, clock_monotonic_ms() - started, &did);
	text_release(&did);
	return result;
}

int deploy_step(struct flow *flow, struct text *did, struct fail *f)
{
	const struct settings *settings = &flow->call->settings;
	const struct version *version = state_version(&flow->registry.state, flow->version);
	(void)did;
	if (version == NULL || !state_is_production(&flow->registry.state, version))
		return 0;
	struct to_serve to_serve;
	to_serve_init(&to_serve, &flow->registry, version, flow->call->result.previous_version,
		flow->who);
	to_serve.package = flow->package;
	to_serve.manifest = flow->manifest;
	int result = 0;
	for (size_t i = 0; result == 0 && i < settings->deploy_count; i++)
		result = reload(flow, &settings->deploy[i], &to_serve.model, f);
	to_serve_release(&to_serve);
	return result;
}
