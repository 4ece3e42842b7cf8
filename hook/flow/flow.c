#include "flow/flow.h"

#include <stdlib.h>
#include <string.h>

#include "base/actor.h"
#include "base/clock.h"
#include "base/console.h"
#include "base/fail.h"
#include "base/text.h"
#include "flow/connect.h"
#include "flow/gate.h"
#include "flow/metrics.h"
#include "flow/note.h"
#include "flow/promote.h"
#include "flow/register.h"
#include "flow/service.h"
#include "flow/source.h"
#include "flow/verify.h"
#include "mlflow/runs.h"
#include "mlflow/session.h"
#include "mlflow/types.h"
#include "registry/history.h"
#include "registry/tags.h"
#include "settings/policy.h"
#include "store/store.h"
#include "upload/model.h"

static const struct step {
	const char *name;
	step_function *function;
} steps[] = {
	{"connect", connect_step},   /* server, run, what the gates will need */
	{"log", metrics_step},	     /* metrics that the run lacks */
	{"upload", source_step},     /* every file there and verified, or found where the script
					     logged it */
	{"gate", gate_step},	     /* good enough? */
	{"register", register_step}, /* one version per package, ever, with its verdict */
	{"promote", promote_step},   /* the winner alone is Production */
	{"verify", verify_step},     /* and that is what the registry says */
	{"deploy", service_step},    /* the service loads it, and is seen serving it */
};

static int flow_step(struct flow *flow, const struct step *step, struct fail *f)
{
	struct text did = {0};
	int64_t started = clock_monotonic_ms();
	int result = step->function(flow, &did, f);
	if (result == 0 && did.size > 0)
		step_record(flow, step->name, clock_monotonic_ms() - started, &did);
	text_release(&did);
	return result;
}

void flow_begin(struct flow *flow, struct invocation *call, const struct manifest *manifest,
	const char *package)
{
	*flow = (struct flow){.call = call, .manifest = manifest, .package = package};
	memcpy(flow->digest, manifest->digest, SHA256_HEX);
	flow->who = actor_name();
	flow->promote = call->settings.policy == POLICY_PRODUCTION;
	result_set(&call->result.model, manifest->handoff.model);
	result_set(&call->result.run_id, manifest->handoff.run_id);
}

static int flow_steps(struct flow *flow, const struct step *first, size_t count, struct fail *f)
{
	for (size_t i = 0; i < count; i++)
		if (flow_step(flow, &first[i], f) != 0)
			return -1;
	return 0;
}

int flow_judge(struct flow *flow, struct invocation *call, const struct manifest *manifest,
	const char *package, struct fail *f)
{
	static const struct step judging[] = {
		{"connect", connect_step},
		{"source", source_step_if_logged},
		{"gate", gate_step},
		{"note", note_step},
	};
	flow_begin(flow, call, manifest, package);
	return flow_steps(flow, judging, sizeof(judging) / sizeof(judging[0]), f);
}

int flow_connect(struct flow *flow, struct flow_connection *connection, struct fail *f)
{
	int64_t started = clock_monotonic_ms();
	*connection = (struct flow_connection){0};
	if (connect_step(flow, &connection->did, f) != 0)
		return -1;
	connection->ms = clock_monotonic_ms() - started;
	flow->done = 1;
	return source_open_upload(flow, f);
}

void flow_note_connect(struct flow *flow, struct flow_connection *connection)
{
	if (flow->done > 0)
		step_record(flow, steps[0].name, connection->ms, &connection->did);
	text_release(&connection->did);
}

int flow_finish(struct flow *flow, struct fail *f)
{
	return flow_steps(
		flow, steps + flow->done, sizeof(steps) / sizeof(steps[0]) - flow->done, f);
}

void flow_report(struct flow *flow, const struct fail *f)
{
	struct fail ignored;
	/* a deleted run takes no tags */
	if (flow->run.id == NULL || flow->run.deleted ||
		(f != NULL && status_is_retryable(f->status)))
		return;
	char *outcome = result_outcome(&flow->call->result, f);
	if (mlflow_set_run_tag(&flow->session.tracking.mlflow, flow->run.id, TAG_OUTCOME, outcome,
		    &ignored) != 0)
		console_warn("tag " TAG_OUTCOME " of the run: %s", ignored.text);
	free(outcome);
}

void flow_release(struct flow *flow)
{
	registry_release(&flow->registry);
	upload_release(&flow->upload, NULL);
	store_release(&flow->store);
	run_release(&flow->run);
	session_release(&flow->session);
	free(flow->who);
	free(flow->source);
	free(flow->model_id);
	free(flow->framework);
	free(flow->verdict);
	*flow = (struct flow){0};
}
