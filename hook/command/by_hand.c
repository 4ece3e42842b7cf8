#include "command/by_hand.h"

#include <stdlib.h>

#include "base/console.h"
#include "base/fail.h"
#include "base/text.h"
#include "command/finish.h"
#include "flow/deliver.h"
#include "mlflow/types.h"
#include "registry/tags.h"

const char *by_hand_is(const struct operator* operator)
{
	return invocation_word(operator->call, "is", "would be");
}

int by_hand_check_version(const struct invocation *call, struct fail *f)
{
	return operator_check_name(call->argv[1], f);
}

void by_hand_show_state(struct operator* operator, int64_t number)
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

static int act(
	struct operator* operator, const char * name, by_hand_function *function, struct fail *f)
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
			by_hand_show_state(operator, number);
		if (did.size > 0 && !operator->call->settings.json)
			console_say("%s", did.data);
	}
	text_release(&did);
	return result;
}

/* A plan of a tag or a description says nothing of Production. */
static bool moves_production(const struct registry *registry)
{
	return state_production_number(&registry->state) != registry->production_before;
}

int by_hand_call(struct invocation *call, by_hand_check *check, const char *version,
	by_hand_function *function, struct fail *f)
{
	struct operator operator;
	if (check(call, f) != 0)
		return -1;
	int result = operator_open(&operator, call, call->argv[0], f);
	if (result == 0) {
		console_say("on %s", operator.session.registry->base);
		result = act(&operator, version, function, f);
	}
	const struct finish_plan told = {.plan = &operator.session.plan,
		.registry = moves_production(&operator.registry) ? &operator.registry : NULL,
		.failed = result != 0 };
	finish_take_plan(call, &told);
	operator_release(&operator);
	return result;
}

/* What takes the change back. */
static void add_undo(const struct operator* operator, int64_t winner, struct text *did)
{
	int64_t before = operator->call->result.previous_version;
	if (before == 0 || before == winner || operator->call->settings.mlflow.plan)
		return;
	text_printf(did, ", in place of version %lld; undo: modelhook promote %s %lld",
		(long long)before, operator->registry.model, (long long)before);
}

void by_hand_show_winner(struct operator* operator, const char * done, int64_t wanted,
	int64_t winner, struct text *did)
{
	struct result *result = &operator->call->result;
	text_printf(did, "version %lld of %s %s Production",
		(long long)winner, operator->registry.model, by_hand_is(operator));
	result->outcome = winner == wanted ? done : "superseded";
	result->status = winner == wanted ? STATUS_PROMOTED : STATUS_HELD;
	if (winner == wanted) {
		add_undo(operator, winner, did);
		return;
	}
	text_printf(did, ": it was trained after version %lld was chosen", (long long)wanted);
	char *reason = text_format("version %lld was trained after version %lld was chosen",
		(long long)winner, (long long)wanted);
	result_set(&result->reason, reason);
	free(reason);
}

int by_hand_deliver(struct operator* operator, int64_t winner, bool keeps, struct fail *f)
{
	struct delivery delivery = {
		.call = operator->call,
		.registry = &operator->registry,
		.who = operator->who,
		.keeps = keeps,
	};
	if (winner == 0 || !deliver_is_set(&operator->call->settings))
		return 0;
	int result = deliver_version(&delivery, winner, operator->call->result.previous_version, f);
	delivery_release(&delivery);
	return result;
}
