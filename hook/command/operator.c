#include "command/operator.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/actor.h"
#include "base/console.h"
#include "base/escape.h"
#include "base/fail.h"
#include "base/stop.h"
#include "base/text.h"
#include "flow/connect.h"
#include "mlflow/models.h"
#include "mlflow/session.h"
#include "mlflow/types.h"
#include "mlflow/versions.h"
#include "packaging/package/model_name.h"
#include "registry/history.h"

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
	return mlflow_no_such_model(operator->registry.mlflow, model,
		"modelhook status shows all of them", f);
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
	return fail_hint(f, "modelhook versions %s shows all of them", operator->registry.model);
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
