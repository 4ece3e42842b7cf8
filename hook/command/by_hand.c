/* promote, rollback, archive, tag, describe, delete: what a person does by hand. */
#include <stdlib.h>
#include <string.h>

#include "base/console.h"
#include "command/by_hand.h"
#include "command/finish.h"
#include "command/operator.h"
#include "mlflow/versions.h"
#include "registry/history.h"

/* What the command line alone can tell to be wrong, before a server is asked. */
typedef int check_function(const struct invocation *call, struct fail *f);

static int check_version(const struct invocation *call, struct fail *f)
{
	return operator_check_name(call->argv[1], f);
}

static int check_to(const struct invocation *call, struct fail *f)
{
	return call->settings.to != NULL ? operator_check_name(call->settings.to, f) : 0;
}

static int check_assignment(const char *assignment, struct fail *f)
{
	const char *equals = strchr(assignment, '=');
	if (equals == NULL || equals == assignment)
		return fail_set(f, STATUS_USAGE, "tag takes KEY=VALUE (KEY= removes it)");
	if (!text_is_utf8(assignment, strlen(assignment)))
		return fail_set(f, STATUS_USAGE, "a tag is text in UTF-8");
	if (text_starts_with(assignment, "modelhook."))
		return fail_set(
			f, STATUS_USAGE, "tags modelhook.* are what the registry is decided by");
	return 0;
}

/* Nothing is set where one of them cannot be. */
static int check_assignments(const struct invocation *call, struct fail *f)
{
	for (int i = 2; i < call->argc; i++)
		if (check_assignment(call->argv[i], f) != 0)
			return -1;
	return check_version(call, f);
}

static int check_description(const struct invocation *call, struct fail *f)
{
	if (!text_is_utf8(call->argv[2], strlen(call->argv[2])))
		return fail_set(f, STATUS_USAGE, "a description is text in UTF-8");
	return check_version(call, f);
}

/* What each verb does once the model is open and its version found. */
typedef int operator_function(struct operator* operator, const struct version * version,
	struct text *did, struct fail *f);

/* Who is Production after it, in the result. */
static void tell_standing(struct operator* operator, int64_t number)
{
	const struct registry_state *state = &operator->registry.state;
	const struct version *version = state_version(state, number);
	struct result *result = &operator->call->result;
	result->version = number;
	if (version == NULL)
		return;
	result_set(&result->stage, version->stage);
	result_set(&result->run_id, version->run_id);
	result_set(&result->digest, version_tag(version, TAG_DIGEST));
	if (state_alias(state, ALIAS_PRODUCTION) == number)
		result_set(&result->alias, ALIAS_PRODUCTION);
}

static int operator_act(
	struct operator* operator, const char * name, operator_function *function, struct fail *f)
{
	const struct version *version = NULL;
	struct text did = {0};
	int64_t number = 0;
	int result = name != NULL ? operator_version(operator, name, &version, f) : 0;
	if (result == 0) {
		number = version != NULL ? version->number : 0;
		result = function(operator, version, &did, f);
	}
	if (result == 0) {
		if (number != 0)
			tell_standing(operator, number);
		if (did.size > 0 && !operator->call->settings.json)
			console_say("%s", did.data);
	}
	text_release(&did);
	return result;
}

static int operator_call(struct invocation *call, check_function *check, const char *version,
	operator_function *function, struct fail *f)
{
	struct operator operator;
	if (check(call, f) != 0)
		return -1;
	int result = operator_open(&operator, call, call->argv[0], f);
	if (result == 0)
		result = operator_act(&operator, version, function, f);
	finish_take_plan(call, &operator.session.plan);
	operator_release(&operator);
	return result;
}

static void tell_winner(struct operator* operator, int64_t wanted, int64_t winner, struct text *did)
{
	struct result *result = &operator->call->result;
	text_printf(did, "version %lld of %s is Production",
		(long long)winner, operator->registry.model);
	result->outcome = winner == wanted ? "promoted" : "superseded";
	result->status = winner == wanted ? STATUS_PROMOTED : STATUS_HELD;
	if (winner == wanted)
		return;
	text_printf(did, ": it was trained after version %lld was chosen", (long long)wanted);
	char *reason = text_format("version %lld was trained after version %lld was chosen",
		(long long)winner, (long long)wanted);
	result_set(&result->reason, reason);
	free(reason);
}

static int promote(
	struct operator* operator, const struct version * version, struct text *did, struct fail *f)
{
	const struct settings *settings = &operator->call->settings;
	const char *stage = settings->stage;
	int64_t wanted = version->number, winner;
	if (stage != NULL && !text_equal(stage, STAGE_PRODUCTION)) {
		text_printf(did, "version %lld is in %s", (long long)wanted, stage);
		operator->call->result.outcome = "staged";
		return operator_stage(operator, version, stage, settings->reason, f);
	}
	operator->call->result.previous_version = state_desired_version(&operator->registry.state);
	if (operator_promote(operator, wanted, settings->reason, &winner, f) != 0)
		return -1;
	tell_winner(operator, wanted, winner, did);
	return 0;
}

static int rollback(
	struct operator* operator, const struct version * none, struct text *did, struct fail *f)
{
	const struct settings *settings = &operator->call->settings;
	const struct version *to = none;
	int64_t from, winner;
	if (settings->to != NULL && operator_version(operator, settings->to, &to, f) != 0)
		return -1;
	int64_t wanted = to != NULL ? to->number : 0;
	if (operator_rollback(operator, wanted, settings->reason, &from, &winner, f) != 0)
		return -1;
	operator->call->result.previous_version = from;
	tell_standing(operator, winner);
	tell_winner(operator, wanted != 0 ? wanted : winner, winner, did);
	return 0;
}

static int archive(
	struct operator* operator, const struct version * version, struct text *did, struct fail *f)
{
	operator->call->result.outcome = "archived";
	text_printf(did, "version %lld is archived", (long long)version->number);
	return operator_stage(operator, version, STAGE_ARCHIVED, operator->call->settings.reason,
		f);
}

static int set_tag(
	struct operator* operator, int64_t number, const char *assignment, struct fail *f)
{
	const char *value = strchr(assignment, '=') + 1;
	char *key = text_format("%.*s", (int)(value - 1 - assignment), assignment);
	int result = value[0] == '\0' ? registry_untag(&operator->registry, number, key, f)
				      : registry_tag(&operator->registry, number, key, value, f);
	free(key);
	return result;
}

static int tag(
	struct operator* operator, const struct version * version, struct text *did, struct fail *f)
{
	const struct invocation *call = operator->call;
	operator->call->result.outcome = "tagged";
	for (int i = 2; i < call->argc; i++)
		if (set_tag(operator, version->number, call->argv[i], f) != 0)
			return -1;
	text_printf(did, "version %lld: %d tags", (long long)version->number, call->argc - 2);
	return 0;
}

static int describe(
	struct operator* operator, const struct version * version, struct text *did, struct fail *f)
{
	const char *text = operator->call->argv[2];
	operator->call->result.outcome = "described";
	text_printf(did, "version %lld is described", (long long)version->number);
	return mlflow_describe_version(operator->registry.mlflow, operator->registry.model,
		version->number, text, f);
}

static int delete (
	struct operator* operator, const struct version * version, struct text *did, struct fail *f)
{
	struct registry *registry = &operator->registry;
	if (state_is_production(&registry->state, version) ||
		version->number == state_desired_version(&registry->state)) {
		fail_set(f, STATUS_REFUSED, "version %lld is Production, or should be",
			(long long)version->number);
		return fail_hint(f, "promote another version first");
	}
	char *what = text_format("delete version %lld for ever? Type the model's name: ",
		(long long)version->number);
	int result = operator_confirm(operator, what, f);
	free(what);
	if (result != 0)
		return -1;
	operator->call->result.outcome = "deleted";
	text_printf(did, "version %lld is deleted", (long long)version->number);
	if (history_keep_deleted(registry, version, operator->who, f) != 0)
		return fail_wrap(f, "history of version %lld", (long long)version->number);
	return mlflow_delete_version(registry->mlflow, registry->model, version->number, f);
}

int command_promote(struct invocation *call, struct fail *f)
{
	return operator_call(call, check_version, call->argv[1], promote, f);
}

int command_rollback(struct invocation *call, struct fail *f)
{
	return operator_call(call, check_to, NULL, rollback, f);
}

int command_archive(struct invocation *call, struct fail *f)
{
	return operator_call(call, check_version, call->argv[1], archive, f);
}

int command_tag(struct invocation *call, struct fail *f)
{
	return operator_call(call, check_assignments, call->argv[1], tag, f);
}

int command_describe(struct invocation *call, struct fail *f)
{
	return operator_call(call, check_description, call->argv[1], describe, f);
}

int command_delete(struct invocation *call, struct fail *f)
{
	return operator_call(call, check_version, call->argv[1], delete, f);
}
