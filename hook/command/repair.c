/* repair: fixes what status calls an anomaly, by the rules that every promotion follows. */
#include <stdlib.h>
#include <string.h>

#include "base/actor.h"
#include "base/clock.h"
#include "base/console.h"
#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"
#include "command/by_hand.h"
#include "command/command.h"
#include "command/finish.h"
#include "command/operator.h"
#include "flow/connect.h"
#include "http/plan.h"
#include "mlflow/mlflow.h"
#include "mlflow/session.h"
#include "mlflow/types.h"
#include "registry/anomaly.h"
#include "registry/artifact_check.h"
#include "registry/decision.h"
#include "registry/history.h"
#include "registry/reconcile.h"
#include "registry/register.h"
#include "registry/scan.h"
#include "registry/tags.h"

/* A registration that has not ended after so long will not. */
#define STUCK_MS 3600000

static bool may_be_seed(const struct registry_state *state, const struct version *version)
{
	return version != NULL && version_is_ready(version) &&
	       version_tag(version, TAG_WITHDRAWN) == NULL && !version_is_duplicate(state, version);
}

/* Nobody is Production and no tag says who should be: the one that the alias names, else the
 * highest version that once was. */
static int64_t find_seed(const struct registry_state *state)
{
	int64_t alias = state_alias(state, ALIAS_PRODUCTION);
	if (may_be_seed(state, state_version(state, alias)))
		return alias;
	for (size_t i = state->versions.count; i-- > 0;) {
		const struct version *version = &state->versions.items[i];
		if (text_equal(version->stage, STAGE_ARCHIVED) && may_be_seed(state, version))
			return version->number;
	}
	return 0;
}

/* One that is being registered just now is left alone. */
static int withdraw_failed(struct operator* operator, struct fail * f)
{
	const struct registry_state *state = &operator->registry.state;
	for (size_t i = 0; i < state->versions.count; i++) {
		const struct version *version = &state->versions.items[i];
		if (version_is_ready(version) || version_tag(version, TAG_WITHDRAWN) != NULL)
			continue;
		if (!text_equal(version->status, "FAILED_REGISTRATION") &&
			version->created_ms > clock_now_ms() - STUCK_MS) {
			console_say("version %lld is being registered: left alone",
				(long long)version->number);
			continue;
		}
		if (registry_withdraw(&operator->registry, version->number, operator->who,
			    "its registration failed", f) != 0)
			return -1;
	}
	return 0;
}

static int restore_production(struct operator* operator, int64_t * winner, struct fail *f)
{
	struct registry *registry = &operator->registry;
	for (int64_t seed; (seed = find_seed(&registry->state)) != 0;) {
		const struct version *version = state_version(&registry->state, seed);
		const char *lacks;
		bool found;
		if (artifact_check_ask(registry->mlflow, registry->model, version, &lacks, f) != 0)
			return fail_wrap(f, "version %lld", (long long)seed);
		if (lacks == NULL)
			return decision_promote(registry, operator->who, seed, "repair", winner, f);
		console_warn("version %lld is withdrawn: %s", (long long)seed, lacks);
		if (registry_withdraw(registry, seed, operator->who, lacks, f) != 0 ||
			registry_read(registry, &found, f) != 0)
			return -1;
	}
	fail_set(f, STATUS_REFUSED, "%s: no version is fit to be Production", registry->model);
	return fail_hint(f, "name one: modelhook promote %s VERSION", registry->model);
}

static int repair_model(struct operator* operator, int64_t * winner, struct fail *f)
{
	struct registry *registry = &operator->registry;
	bool found;
	if (withdraw_failed(operator, f) != 0 ||
		registry_mark_duplicates(&operator->registry, NULL, f) != 0 ||
		registry_read(registry, &found, f) != 0)
		return -1;
	if (state_desired_version(&registry->state) != 0 &&
		registry_reconcile(registry, operator->who, winner, f) != 0)
		return -1;
	/* also where the winner's files turned out to be gone */
	if (state_desired_version(&registry->state) == 0 && find_seed(&registry->state) != 0)
		return restore_production(operator, winner, f);
	*winner = state_desired_version(&registry->state);
	return 0;
}

/* repairs - the models to repair, with what is wrong; owns its strings */
struct repairs {
	struct repair {
		char *model;
		char *wrong;
	} * items;
	size_t count;
};

static void repairs_release(struct repairs *repairs)
{
	for (size_t i = 0; i < repairs->count; i++) {
		free(repairs->items[i].model);
		free(repairs->items[i].wrong);
	}
	free(repairs->items);
	*repairs = (struct repairs){0};
}

static int take_wrong(void *context, const struct registry_state *state,
	const struct anomalies *anomalies, struct fail *f)
{
	struct repairs *repairs = context;
	struct text wrong = {0};
	(void)f;
	for (size_t i = 0; i < anomalies->count; i++)
		text_printf(&wrong, "%s%s", i > 0 ? "; " : "", anomalies->items[i].text);
	if (anomalies->count == 0)
		return 0;
	for (size_t i = 0; i < repairs->count; i++) {
		if (strcmp(repairs->items[i].model, state->model.name) == 0) {
			text_release(&wrong);
			return 0;
		}
	}
	repairs->items = memory_grow(repairs->items, repairs->count + 1, sizeof(*repairs->items));
	repairs->items[repairs->count++] =
		(struct repair){.model = text_copy(state->model.name), .wrong = text_take(&wrong)};
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct repair *)a)->model, ((const struct repair *)b)->model);
}

/* One model, as it is by now; with a plan nothing is sent and the calls are kept there. */
static int repair_one(struct invocation *call, struct mlflow *mlflow, const struct repair *repair,
	int64_t *winner, struct fail *f)
{
	struct operator operator= {.call = call};
	const char *model = repair->model;
	bool found;
	*winner = 0;
	operator.who = actor_name();
	int result = registry_open(
		&operator.registry, mlflow, model, call->settings.registry.promote_by, f);
	operator.registry.how = HOW_REPAIR;
	operator.registry.why = repair->wrong;
	if (result == 0)
		result = registry_read(&operator.registry, &found, f);
	if (result == 0 && found)
		result = repair_model(&operator, winner, f);
	/* the settings name one service, which serves one model */
	if (result == 0 && mlflow->plan == NULL && call->argc == 1)
		result = by_hand_deliver(&operator, * winner, false, f);
	registry_release(&operator.registry);
	free(operator.who);
	return result != 0 ? fail_wrap(f, "%s", model) : 0;
}

static void say_calls(const char *calls)
{
	for (size_t size; *calls != '\0'; calls += size + 1) {
		size = strcspn(calls, "\n");
		console_say("  %.*s", (int)size, calls);
	}
}

/* What it would do, before it does it: told as calls, a line each, below what is wrong. */
static int show_plan(struct invocation *call, struct session *session,
	const struct repairs *repairs, struct fail *f)
{
	struct plan *plan = &session->plan;
	session->registry->plan = plan;
	for (size_t i = 0; i < repairs->count; i++) {
		size_t from = plan->calls.size;
		int64_t winner;
		console_say("%s: %s", repairs->items[i].model, repairs->items[i].wrong);
		if (repair_one(call, session->registry, &repairs->items[i], &winner, f) != 0)
			return -1;
		if (plan->calls.size > from && !call->settings.mlflow.plan)
			say_calls(plan->calls.data + from);
	}
	session->registry->plan = NULL;
	return 0;
}

static int confirm(struct invocation *call, const struct repairs *repairs, struct fail *f)
{
	if (call->settings.yes)
		return 0;
	char *word = repairs->count == 1 ? text_copy(repairs->items[0].model)
					 : text_format("%zu", repairs->count);
	char *question = text_format(repairs->count == 1 ? "repair %s? Type the model's name: "
							 : "repair %s models? Type how many: ",
		word);
	char *answer = console_can_ask() ? console_ask(question) : NULL;
	bool same = text_equal(answer, word);
	free(answer);
	free(question);
	free(word);
	if (same)
		return 0;
	fail_set(f, STATUS_USAGE, "not confirmed: nothing was done");
	return fail_hint(f, "answer on a terminal, or pass --yes");
}

static int repair_all(struct invocation *call, struct session *session,
	const struct repairs *repairs, struct fail *f)
{
	for (size_t i = 0; i < repairs->count; i++) {
		const char *model = repairs->items[i].model;
		int64_t started = clock_monotonic_ms(), winner;
		if (repair_one(call, session->registry, &repairs->items[i], &winner, f) != 0)
			return -1;
		char *did = winner != 0 ? text_format("%s: version %lld is Production", model,
						  (long long)winner)
					: text_format("%s: no version is to be Production", model);
		console_say("%s", did);
		result_add_step(&call->result, "repair", clock_monotonic_ms() - started, did);
		free(did);
		if (call->argc == 1)
			call->result.version = winner;
	}
	return 0;
}

static int repair(
	struct invocation *call, struct session *session, struct repairs *repairs, struct fail *f)
{
	int result = call->argc == 1 ? scan_model(&call->settings.registry, session->registry,
					       call->argv[0], take_wrong, repairs, f)
				     : scan_registry(&call->settings.registry, session->registry,
					       take_wrong, repairs, f);
	call->result.outcome = "nothing_to_do";
	if (result != 0)
		return -1;
	const struct finish_plan told = {.plan = &session->plan};
	if (repairs->count == 0) {
		console_say("nothing is wrong");
		finish_take_plan(call, &told);
		return 0;
	}
	qsort(repairs->items, repairs->count, sizeof(*repairs->items), by_name);
	if (show_plan(call, session, repairs, f) != 0)
		return -1;
	call->result.outcome = "repaired";
	finish_take_plan(call, &told);
	if (call->settings.mlflow.plan)
		return 0;
	if (confirm(call, repairs, f) != 0)
		return -1;
	return repair_all(call, session, repairs, f);
}

int command_repair(struct invocation *call, struct fail *f)
{
	struct session session = {0};
	struct repairs repairs = {0};
	if (call->argc == 1)
		result_set(&call->result.model, call->argv[0]);
	int result = call->argc == 1 ? operator_check_model(call->argv[0], f) : 0;
	if (result == 0)
		result = invocation_settle_here(call, f);
	if (result == 0)
		result = connect_session(&session, call, f);
	if (result == 0) {
		result_set(&call->result.registry_url, session.registry->base);
		result = repair(call, &session, &repairs, f);
	}
	repairs_release(&repairs);
	session_release(&session);
	return result;
}
