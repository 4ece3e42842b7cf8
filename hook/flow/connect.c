#include "flow/connect.h"

#include "base/clock.h"
#include "base/fail.h"
#include "base/text.h"
#include "flow/challenger.h"
#include "mlflow/models.h"
#include "mlflow/runs.h"
#include "mlflow/session.h"
#include "mlflow/tracking_uri.h"

/* A day: clocks and zones that are wrong are wrong by less. */
#define TRAINED_AHEAD_MS (INT64_C(24) * 3600 * 1000)

int connect_session(struct session *session, struct invocation *call, struct fail *f)
{
	struct settings *settings = &call->settings;
	struct session_options options = {
		.mlflow = &settings->mlflow,
		.http = &settings->http,
		.artifacts = &settings->store,
	};
	*session = (struct session){0};
	if (tracking_uri_settle(&settings->mlflow, f) != 0)
		return -1;
	return session_open(session, &options, call->deadline, f);
}

/* A training of the day after tomorrow would win over every other until then. */
static int check_trained_at(const struct handoff *handoff, struct fail *f)
{
	if (handoff->trained_at_ms <= clock_now_ms() + TRAINED_AHEAD_MS)
		return 0;
	fail_set(f, STATUS_UNACCEPTABLE, "trained_at %s is in the future", handoff->trained_at);
	return fail_hint(f, "correct the clock of the training machine, or this one's");
}

int connect_run(struct flow *flow, struct fail *f)
{
	const char *run_id = flow->manifest->handoff.run_id;
	bool found;
	if (check_trained_at(&flow->manifest->handoff, f) != 0)
		return -1;
	if (mlflow_get_run(&flow->session.tracking.mlflow, run_id, &flow->run, &found, f) != 0)
		return fail_wrap(f, "MLflow at %s: run %s", flow->session.tracking.base, run_id);
	if (!found) {
		fail_set(f, STATUS_REFUSED, "run %s: not found on this server", run_id);
		return fail_hint(
			f, "is MLFLOW_TRACKING_URI the server that the training logged to?");
	}
	if (flow->run.deleted) {
		fail_set(f, STATUS_REFUSED, "run %s: is deleted on this server", run_id);
		return fail_hint(f, "mlflow runs restore --run-id %s", run_id);
	}
	return 0;
}

static int check_new_model(const struct flow *flow, struct fail *f)
{
	if (!flow->registry.is_new || flow->call->settings.new_model == NEW_MODEL_ALLOW)
		return 0;
	mlflow_no_such_model(flow->session.registry, flow->registry.model,
		"pass --new-model allow, once, to register it", f);
	return fail_wrap(f, "new_model is refuse");
}

int connect_registry(struct flow *flow, struct fail *f)
{
	if (registry_open(&flow->registry, flow->session.registry, flow->manifest->handoff.model,
		    flow->call->settings.registry.promote_by, f) != 0)
		return -1;
	if (registry_check_model(&flow->registry, f) != 0)
		return -1;
	return check_new_model(flow, f);
}

int connect_step(struct flow *flow, struct text *did, struct fail *f)
{
	struct invocation *call = flow->call;
	if (connect_session(&flow->session, call, f) != 0)
		return -1;
	result_set(&call->result.registry_url, flow->session.registry->base);
	result_set(&call->result.tracking_url, flow->session.tracking.base);
	if (connect_run(flow, f) != 0)
		return -1;
	text_printf(did, "%s, run %s", flow->session.tracking.base,
		flow->run.name != NULL ? flow->run.name : flow->run.id);
	if (challenger_check(flow, f) != 0)
		return -1;
	return connect_registry(flow, f);
}
