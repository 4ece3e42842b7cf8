#include "flow/flow.h"

#include <stdlib.h>
#include <string.h>

#include "base/console.h"
#include "flow/connect.h"
#include "flow/gate.h"
#include "flow/register.h"
#include "flow/source.h"
#include "mlflow/runs.h"
#include "mlflow/types.h"
#include "mlflow/versions.h"
#include "registry/history.h"

/* A day: clocks and zones that are wrong are wrong by less. */
#define TRAINED_AHEAD_MS (INT64_C(24) * 3600 * 1000)

/* A step does its part, or finds it done, and says which in `did`. */
typedef int step_function(struct flow *flow, struct text *did, struct fail *f);

/* A training of the day after tomorrow would win over every other until then. */
static int check_trained_at(const struct handoff *handoff, struct fail *f)
{
	if (handoff->trained_at_ms <= clock_now_ms() + TRAINED_AHEAD_MS)
		return 0;
	fail_set(f, STATUS_UNACCEPTABLE, "trained_at %s is in the future", handoff->trained_at);
	return fail_hint(f, "correct the clock of the training machine, or this one's");
}

static int step_connect(struct flow *flow, struct text *did, struct fail *f)
{
	struct invocation *call = flow->call;
	const char *run_id = flow->manifest->handoff.run_id;
	bool found;
	if (check_trained_at(&flow->manifest->handoff, f) != 0)
		return -1;
	if (connect_session(&flow->session, call, f) != 0)
		return -1;
	result_set(&call->result.registry_url, flow->session.registry->base);
	result_set(&call->result.tracking_url, flow->session.tracking.base);
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
	text_printf(did, "%s, run %s", flow->session.tracking.base,
		flow->run.name != NULL ? flow->run.name : run_id);
	if (flow_gate_check(flow, f) != 0)
		return -1;
	if (registry_open(&flow->registry, flow->session.registry, flow->manifest->handoff.model,
		    call->settings.registry.promote_by, f) != 0)
		return -1;
	return registry_check_model(&flow->registry, f);
}

/* What was in Staging before makes room, as in MLflow's own page; nobody's Production is touched.
 */
static int stop_at_staging(struct flow *flow, struct text *did, struct fail *f)
{
	const struct version *version = state_version(&flow->registry.state, flow->version);
	bool supported = true;
	if (version == NULL || !text_equal(version->stage, "None")) {
		text_add_string(did, "left to a person, by policy");
		return 0;
	}
	if (mlflow_transition(flow->session.registry, flow->manifest->handoff.model, flow->version,
		    STAGE_STAGING, true, &supported, f) != 0)
		return -1;
	if (!supported) {
		fail_set(f, STATUS_CONFIGURATION,
			"the policy is staging, and this registry has no stages");
		return fail_hint(f, "set \"policy\" to none or production");
	}
	text_printf(did, "version %lld is in Staging, by policy", (long long)flow->version);
	return history_record(
		&flow->registry, flow->version, STAGE_STAGING, flow->who, 0, "policy", f);
}

/* Nothing failed, and all the same it is not Production: the result says why. */
static void say_why_not(struct flow *flow, int64_t winner, struct text *did)
{
	const struct registry_state *state = &flow->registry.state;
	const struct version *version = state_version(state, flow->version);
	if (winner == flow->version || version == NULL)
		return;
	char *why = state_says_why_not(state, version, winner);
	result_set(&flow->call->result.reason, why);
	text_printf(did, ": %s", why);
	free(why);
}

static int promote_winner(struct flow *flow, struct text *did, struct fail *f)
{
	struct registry *registry = &flow->registry;
	int64_t winner;
	registry->proven = flow->version;
	if (registry_tag(registry, flow->version, TAG_INTENT, flow->manifest->handoff.trained_at,
		    f) != 0 ||
		registry_converge(registry, flow->who, &winner, f) != 0)
		return -1;
	if (winner == 0)
		text_add_string(did, "no version is to be Production");
	else
		text_printf(did,
			winner == flow->version ? "version %lld is Production"
						: "version %lld stays Production",
			(long long)winner);
	if (registry->transitions == 0)
		text_add_string(did, ", as it was");
	say_why_not(flow, winner, did);
	return 0;
}

static int step_promote(struct flow *flow, struct text *did, struct fail *f)
{
	if (!flow->passed) {
		text_add_string(did, "not promoted: a gate rejected it");
		return 0;
	}
	switch (flow->call->settings.policy) {
	case POLICY_STAGING:
		return stop_at_staging(flow, did, f);
	case POLICY_NONE:
		text_add_string(did, "left to a person, by policy");
		return 0;
	case POLICY_PRODUCTION:
		break;
	}
	return promote_winner(flow, did, f);
}

/* Told is what the registry said last, after the last write. */
static int step_verify(struct flow *flow, struct text *did, struct fail *f)
{
	struct result *result = &flow->call->result;
	struct registry *registry = &flow->registry;
	bool found;
	if (!registry->fresh && registry_read(registry, &found, f) != 0)
		return -1;
	const struct version *version = state_version(&registry->state, flow->version);
	if (version == NULL)
		return fail_set(
			f, STATUS_REFUSED, "version %lld is gone again", (long long)flow->version);
	bool production = state_is_production(&registry->state, version);
	size_t count = state_production_count(&registry->state);
	if (flow->passed && flow->promote && state_desired_version(&registry->state) != 0 &&
		count != 1)
		return fail_set(f, STATUS_LATER, "%zu versions are Production", count);
	result_set(&result->stage, version->stage);
	result_set(&result->alias, state_alias(&registry->state, ALIAS_PRODUCTION) == flow->version
					   ? ALIAS_PRODUCTION
					   : NULL);
	if (production && result->previous_version == 0)
		result->previous_version = state_previous(&registry->state, flow->version);
	flow_register_outcome(flow, production);
	text_printf(did, "%zu version%s Production", count, count == 1 ? " is" : "s are");
	return 0;
}

static const struct step {
	const char *name;
	step_function *function;
} steps[] = {
	{"connect", step_connect},    /* server, run, what the gates will need */
	{"log", flow_log_metrics},    /* metrics that the run lacks */
	{"upload", flow_find_source}, /* every file there and proven, or found where the script
					 logged it */
	{"gate", flow_gate},	      /* good enough? */
	{"register", flow_register},  /* one version per package, ever, with its verdict */
	{"promote", step_promote},    /* the winner alone is Production */
	{"verify", step_verify},      /* and that is what the registry says */
};

static void note_step(struct flow *flow, const struct step *step, int64_t ms, struct text *did)
{
	console_say("%-8s %s (%lld ms)", step->name, text_string(did), (long long)ms);
	result_add_step(&flow->call->result, step->name, ms, text_string(did));
}

static int flow_step(struct flow *flow, const struct step *step, struct fail *f)
{
	struct text did = {0};
	int64_t started = clock_monotonic_ms();
	int result = step->function(flow, &did, f);
	if (result == 0)
		note_step(flow, step, clock_monotonic_ms() - started, &did);
	text_release(&did);
	return result;
}

void flow_begin(struct flow *flow, struct invocation *call, const struct manifest *manifest,
	const char *package)
{
	*flow = (struct flow){.call = call, .manifest = manifest, .package = package};
	memcpy(flow->digest, manifest->digest, SHA256_HEX);
	flow->who = history_who();
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

static int step_find_logged(struct flow *flow, struct text *did, struct fail *f)
{
	if (flow->manifest->handoff.logged_model != NULL)
		return flow_find_source(flow, did, f);
	text_add_string(did, "not uploaded");
	return 0;
}

static int step_note(struct flow *flow, struct text *did, struct fail *f)
{
	struct result *result = &flow->call->result;
	result->version = flow->version;
	result->outcome = flow->passed ? "passed" : "held";
	result->status = flow->passed ? STATUS_PROMOTED : STATUS_HELD;
	if (flow->call->settings.what_if) {
		text_add_string(did, "nothing was written");
		return 0;
	}
	if (flow->version == 0) {
		fail_set(f, STATUS_REFUSED, "this package is not registered yet");
		return fail_hint(f, "modelhook run registers it; gate --what-if only decides");
	}
	if (flow->verdict == NULL) {
		text_printf(did, "version %lld is left as it was noted", (long long)flow->version);
		return 0;
	}
	text_printf(did, "noted on version %lld", (long long)flow->version);
	return registry_tag(&flow->registry, flow->version, TAG_GATE, flow->verdict, f);
}

int flow_judge(struct flow *flow, struct invocation *call, const struct manifest *manifest,
	const char *package, struct fail *f)
{
	static const struct step judging[] = {
		{"connect", step_connect},
		{"source", step_find_logged},
		{"gate", flow_gate},
		{"note", step_note},
	};
	flow_begin(flow, call, manifest, package);
	return flow_steps(flow, judging, sizeof(judging) / sizeof(judging[0]), f);
}

int flow_connect(struct flow *flow, struct flow_connection *connection, struct fail *f)
{
	int64_t started = clock_monotonic_ms();
	*connection = (struct flow_connection){0};
	if (steps[0].function(flow, &connection->did, f) != 0)
		return -1;
	connection->ms = clock_monotonic_ms() - started;
	flow->done = 1;
	return flow_open_upload(flow, f);
}

void flow_note_connect(struct flow *flow, struct flow_connection *connection)
{
	if (flow->done > 0)
		note_step(flow, &steps[0], connection->ms, &connection->did);
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
	free(flow->verdict);
	*flow = (struct flow){0};
}
