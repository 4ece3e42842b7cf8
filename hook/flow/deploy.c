#include "flow/deploy.h"

#include "base/clock.h"
#include "base/fail.h"
#include "base/text.h"
#include "deploy/deploy.h"
#include "deploy/kind.h"
#include "mlflow/types.h"
#include "packaging/package/package_unpack.h"
#include "registry/tags.h"

static int fetch(void *context, const char *folder, struct fail *f)
{
	const struct flow *flow = context;
	return package_unpack(flow->package, flow->manifest, folder, f);
}

static struct deploy_model model_of(struct flow *flow, const struct version *version)
{
	const struct result *result = &flow->call->result;
	return (struct deploy_model){
		.name = flow->manifest->handoff.model,
		.version = flow->version,
		.previous_version = result->previous_version,
		.digest = flow->digest,
		.run_id = version->run_id,
		.source = version->source,
		.stage = flow->registry.stage ? version->stage : NULL,
		.alias = flow->registry.alias ? ALIAS_PRODUCTION : NULL,
		.by = flow->who,
		.fetch = fetch,
		.fetch_context = flow,
	};
}

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
	struct deploy_model model = model_of(flow, version);
	for (size_t i = 0; i < settings->deploy_count; i++)
		if (reload(flow, &settings->deploy[i], &model, f) != 0)
			return -1;
	return 0;
}
