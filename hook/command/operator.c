#include "command/operator.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/actor.h"
#include "base/clock.h"
#include "base/console.h"
#include "base/escape.h"
#include "base/fail.h"
#include "base/panic.h"
#include "base/stop.h"
#include "base/text.h"
#include "flow/connect.h"
#include "mlflow/session.h"
#include "mlflow/types.h"
#include "mlflow/versions.h"
#include "packaging/package/model_name.h"
#include "registry/artifact_check.h"
#include "registry/history.h"
#include "registry/reconcile.h"
#include "registry/tags.h"

int operator_check_model(const char *name, struct fail *f)
{
	const char *problem = model_name_problem(name);
	char shown[80];
	if (problem == NULL)
		return 0;
	return fail_set(f, STATUS_USAGE, "model %s: %s",
		escape_into(shown, sizeof(shown), name, strlen(name)), problem);
}

static bool is_of(const char *string, const char *characters)
{
	return string[0] != '\0' && string[strspn(string, characters)] == '\0';
}

/* MLflow keeps "v1" and "latest" from being aliases. */
int operator_check_name(const char *name, struct fail *f)
{
	static const char digits[] = "0123456789";
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789_-";
	bool spelled_v = (name[0] == 'v' || name[0] == 'V') && is_of(name + 1, digits);
	char shown[64];
	if ((name[0] == '\0' || is_of(name, plain)) && !spelled_v &&
		strcasecmp(name, "latest") != 0)
		return 0;
	fail_set(f, STATUS_USAGE, "%s: not a version",
		escape_into(shown, sizeof(shown), name, strlen(name)));
	if (spelled_v)
		return fail_hint(f, "version %s is written %s", name + 1, name + 1);
	return fail_hint(f, "a version is a number, such as 3, or an alias");
}

int operator_open(
	struct operator* operator, struct invocation * call, const char *model, struct fail *f)
{
	bool found = false;
	*operator=(struct operator){.call = call, .who = actor_name()};
	result_set(&call->result.model, model);
	if (operator_check_model(model, f) != 0 || invocation_settle_here(call, f) != 0 ||
		connect_session(&operator->session, call, f) != 0)
		return -1;
	result_set(&call->result.registry_url, operator->session.registry->base);
	if (registry_open(&operator->registry, operator->session.registry, model,
		    call->settings.registry.promote_by, f) != 0 ||
		registry_read(&operator->registry, &found, f) != 0)
		return -1;
	if (found)
		return 0;
	fail_set(f, STATUS_REFUSED, "%s: no such registered model", model);
	return fail_hint(f, "modelhook status shows all of them");
}

void operator_release(struct operator* operator)
{
	registry_release(&operator->registry);
	session_release(&operator->session);
	free(operator->who);
	*operator=(struct operator){0};
}

int operator_version(const struct operator* operator, const char * name,
	const struct version **version, struct fail *f)
{
	const struct registry_state *state = &operator->registry.state;
	char shown[64], *end;
	int64_t number = strtoll(name, &end, 10);
	if (*end != '\0' || end == name)
		number = state_alias(state, name);
	*version = state_version(state, number);
	if (*version != NULL)
		return 0;
	escape_into(shown, sizeof(shown), name, strlen(name));
	fail_set(f, STATUS_REFUSED, "%s has no version %s", operator->registry.model, shown);
	return fail_hint(f, "modelhook history %s shows its versions", operator->registry.model);
}

/* A version that a person chose is good: it counts among those that a rollback may go to. */
static int make_candidate(struct operator* operator, int64_t number, struct fail *f)
{
	struct registry *registry = &operator->registry;
	const struct version *version = state_version(&registry->state, number);
	char at[32];
	int64_t unused;
	if (version_tag(version, TAG_WITHDRAWN) != NULL &&
		registry_untag(registry, number, TAG_WITHDRAWN, f) != 0)
		return -1;
	if (version_tag(version, TAG_INTENT) != NULL)
		return 0;
	const char *trained = version_tag(version, TAG_TRAINED_AT);
	if (trained == NULL || !clock_parse_rfc3339(trained, &unused)) {
		clock_format_rfc3339(at, version->created_ms);
		trained = at;
	}
	return registry_tag(registry, number, TAG_INTENT, trained, f);
}

/* Where no store here can read them, a person's word is enough. */
static int check_files(struct operator* operator, const struct version * version, struct fail *f)
{
	struct registry *registry = &operator->registry;
	if (registry->verified == version->number)
		return 0;
	if (artifact_check_check(registry->mlflow, registry->model, version, f) != 0) {
		if (f->status != STATUS_CONFIGURATION)
			return -1;
		console_warn("version %lld: its files cannot be checked: %s",
			(long long)version->number, f->text);
	}
	registry->verified = version->number;
	return 0;
}

/* From now on the registry's tags say this version; what is left is to make it so. */
static int choose(
	struct operator* operator, int64_t number, const char *how, const char *why, struct fail *f)
{
	const struct version *chosen = state_version(&operator->registry.state, number);
	if (!version_is_ready(chosen))
		return fail_set(f, STATUS_REFUSED, "version %lld is %.40s, not READY",
			(long long)number, chosen->status);
	if (check_files(operator, chosen, f) != 0)
		return fail_wrap(f, "version %lld", (long long)number);
	/* a decision for a version that is withdrawn would not count: it is put back first */
	if (make_candidate(operator, number, f) != 0)
		return -1;
	return registry_decide(&operator->registry, number, operator->who, how, why, f);
}

int operator_promote(struct operator* operator, int64_t version, const char *why, int64_t *winner,
	struct fail *f)
{
	const char *how = operator->registry.how != NULL ? operator->registry.how : HOW_BY_HAND;
	if (choose(operator, version, how, why, f) != 0)
		return -1;
	return registry_reconcile(&operator->registry, operator->who, winner, f);
}

/* What a person sees in Production and wants to leave: not a training that waits to be promoted,
 * and, when a rollback that was interrupted is repeated, the same version as then. */
static int64_t version_to_leave(const struct registry_state *state)
{
	for (size_t i = 0; state_production_count(state) == 1; i++)
		if (state_is_production(state, &state->versions.items[i]))
			return state->versions.items[i].number;
	return state_desired_version(state);
}

/* The last good one whose files are still there. */
static int find_previous(struct operator* operator, int64_t from, int64_t *to, struct fail *f)
{
	struct registry *registry = &operator->registry;
	*to = from;
	while ((*to = state_previous(&registry->state, *to)) != 0) {
		struct fail failure;
		const struct version *version = state_version(&registry->state, *to);
		if (check_files(operator, version, &failure) == 0)
			return 0;
		if (failure.status != STATUS_REFUSED) {
			*f = failure;
			return fail_wrap(f, "version %lld", (long long)*to);
		}
		console_warn("version %lld: %s: going further back", (long long)*to, failure.text);
	}
	fail_set(f, STATUS_REFUSED, "%s: no version was good before version %lld", registry->model,
		(long long)from);
	return fail_hint(f, "name one: modelhook rollback %s --to VERSION", registry->model);
}

int operator_rollback(struct operator* operator, int64_t to, const char *why, int64_t *from,
	int64_t *winner, struct fail *f)
{
	struct registry *registry = &operator->registry;
	*from = version_to_leave(&registry->state);
	if (to == 0 && find_previous(operator, * from, &to, f) != 0)
		return -1;
	if (to == *from && to == state_desired_version(&registry->state))
		return fail_set(f, STATUS_REFUSED,
			"%s: version %lld is what should be Production already", registry->model,
			(long long)to);
	if (choose(operator, to, HOW_ROLLBACK, why, f) != 0)
		return -1;
	/* only now: were it withdrawn before the decision stands, a third version could win between
	 */
	if (*from != 0 && *from != to &&
		registry_withdraw(
			registry, *from, operator->who, why != NULL ? why : "rolled back", f) != 0)
		return -1;
	return registry_reconcile(registry, operator->who, winner, f);
}

int operator_stage(struct operator* operator, const struct version * version, const char *stage,
	const char *why, struct fail *f)
{
	struct registry *registry = &operator->registry;
	bool supported;
	if (state_is_production(&registry->state, version)) {
		fail_set(f, STATUS_REFUSED, "version %lld is Production",
			(long long)version->number);
		return fail_hint(
			f, "promote another version, or roll back, and this one is archived");
	}
	if (mlflow_transition(registry->mlflow, registry->model, version->number, stage, false,
		    &supported, f) != 0)
		return -1;
	if (!supported)
		return fail_set(f, STATUS_REFUSED, "this registry has no stages");
	struct history_change change = {.to = stage, .by = operator->who, .why = why};
	return history_record(registry, version->number, &change, f);
}

int operator_confirm(struct operator* operator, const char * what, struct fail *f)
{
	if (operator->call->settings.yes || operator->call->settings.mlflow.plan)
		return 0;
	char *answer = console_can_ask() ? console_ask(what) : NULL;
	bool same = text_equal(answer, operator->registry.model);
	free(answer);
	if (same)
		return 0;
	if (stop_or_late(f) != 0)
		return -1;
	fail_set(f, STATUS_USAGE, "not confirmed: nothing was done");
	return fail_hint(f, "type the model's name, or pass --yes");
}
