#include "flow/deliver.h"

#include <stdlib.h>

#include "base/console.h"
#include "base/text.h"
#include "mlflow/types.h"
#include "registry/decision.h"
#include "registry/reconcile.h"
#include "registry/served_note.h"
#include "registry/tags.h"
#include "served/types.h"

bool deliver_is_set(const struct settings *settings)
{
	return settings->deploy_count > 0 || settings->served != NULL;
}

/* Notes */

static int write_note(struct delivery *delivery, int64_t number, char *text, struct fail *f)
{
	int result = registry_tag(delivery->registry, number, TAG_SERVED, text, f);
	result_set(&delivery->call->result.served, text);
	free(text);
	return result;
}

/* What a call that only repeats finds is noted already, with the figures of the reload. */
static int note_served(struct delivery *delivery, int64_t number, struct fail *f)
{
	const struct version *version = state_version(&delivery->registry->state, number);
	struct cJSON *figures = delivery->figures;
	struct served_note note;
	if (figures == NULL)
		return 0;
	served_note_read(version, &note);
	bool noted = note.state == SERVED_SEEN && !delivery->reloaded;
	if (noted)
		result_set(&delivery->call->result.served, note.json);
	served_note_release(&note);
	if (noted)
		return 0;
	delivery->figures = NULL;
	return write_note(delivery, number,
		served_note_text(SERVED_SEEN, delivery->who, NULL, 0, figures), f);
}

static int note_failure(struct delivery *delivery, int64_t number, enum served_state state,
	int64_t to, const char *why, struct fail *f)
{
	return write_note(
		delivery, number, served_note_text(state, delivery->who, why, to, NULL), f);
}

/* A rollback */

/* What the registry says now of the version that the result is about. */
static void show_version(struct delivery *delivery, int64_t number)
{
	const struct registry_state *state = &delivery->registry->state;
	struct result *result = &delivery->call->result;
	const struct version *version = state_version(state, number);
	if (version != NULL)
		result_set(&result->stage, version->stage);
	result_set(&result->alias,
		state_alias(state, ALIAS_PRODUCTION) == number ? ALIAS_PRODUCTION : NULL);
}

/* The registry is back at `to`, the service is not seen serving it: what stands where, in one line.
 */
static int fail_half_way(
	struct delivery *delivery, int64_t failed, int64_t to, const char *why, struct fail *f)
{
	struct fail cause = *f;
	if (status_is_retryable(cause.status))
		return fail_wrap(f, "rollback to version %lld", (long long)to);
	fail_set(f, STATUS_NOT_SERVED,
		"version %lld is Production again, but the service is not seen serving it: %.180s; "
		"version %lld was left because: %.180s",
		(long long)to, cause.text, (long long)failed, why);
	return fail_hint(f, "modelhook served %s --repair finishes it", delivery->registry->model);
}

/* From where the registry is back: the service follows, and that is proven as well. */
static int finish_rollback(
	struct delivery *delivery, int64_t failed, const char *why, struct fail *f)
{
	struct registry *registry = delivery->registry;
	int64_t to = state_desired_version(&registry->state);
	show_version(delivery, failed);
	delivery->call->result.previous_version = to;
	if (to == 0)
		return fail_set(f, STATUS_NOT_SERVED,
			"version %lld was rolled back, and no version is to be Production",
			(long long)failed);
	if (reload_and_prove(delivery, to, failed, f) != 0)
		return fail_half_way(delivery, failed, to, why, f);
	if (note_served(delivery, to, f) != 0 ||
		note_failure(delivery, failed, SERVED_ROLLED_BACK, to, why, f) != 0)
		return -1;
	fail_set(f, STATUS_ROLLED_BACK, "version %lld is rolled back to version %lld: %s",
		(long long)failed, (long long)to, why);
	return fail_hint(
		f, "modelhook promote %s %lld tries it again", registry->model, (long long)failed);
}

/* Nowhere to go: it stays, and that is said with the reason. */
static int fail_no_way_back(
	struct delivery *delivery, int64_t number, const struct fail *why, struct fail *f)
{
	struct fail cause = *f;
	if (status_is_retryable(cause.status))
		return fail_wrap(f, "rollback");
	if (note_failure(delivery, number, SERVED_NOT, 0, why->text, f) != 0)
		return -1;
	*f = *why;
	f->status = STATUS_NOT_SERVED;
	console_warn("version %lld stays in Production: %s", (long long)number, cause.text);
	return -1;
}

/* A person's rollback outranks every training until a newer one. This one is about a version that
 * failed: a training after that version is none of its concern. */
static int64_t trained_at(const struct registry *registry, int64_t number)
{
	const struct version *version = state_version(&registry->state, number);
	int64_t at = 0;
	return version != NULL && version_intent(&registry->state, version, &at) ? at : 0;
}

static int roll_back(struct delivery *delivery, int64_t number, struct fail *f)
{
	struct registry *registry = delivery->registry;
	struct fail why = *f;
	struct rollback rollback = {
		.who = delivery->who, .why = why.text, .at_ms = trained_at(registry, number)};
	console_say("rollback version %lld: %s", (long long)number, why.text);
	if (state_previous(&registry->state, number) == 0) {
		fail_set(f, STATUS_REFUSED, "no version was good before it");
		return fail_no_way_back(delivery, number, &why, f);
	}
	if (note_failure(delivery, number, SERVED_ROLLING_BACK, 0, why.text, f) != 0)
		return -1;
	if (decision_rollback(registry, &rollback, f) != 0)
		return fail_no_way_back(delivery, number, &why, f);
	return finish_rollback(delivery, number, why.text, f);
}

/* A version that was seen served before has proven to be good: what fails now is the service. */
static bool may_roll_back(const struct delivery *delivery, int64_t number)
{
	const struct served *served = delivery->call->settings.served;
	const struct version *version = state_version(&delivery->registry->state, number);
	struct served_note note;
	if (served == NULL || !served->roll_back || delivery->keeps || version == NULL)
		return false;
	served_note_read(version, &note);
	bool was_served = note.state == SERVED_SEEN;
	served_note_release(&note);
	return !was_served;
}

/* What follows from a failure */

static int tell_superseded(struct delivery *delivery, int64_t number, int64_t winner)
{
	struct result *result = &delivery->call->result;
	char *reason = text_format("version %lld took the place of version %lld before it was seen "
				   "served",
		(long long)winner, (long long)number);
	result->outcome = "superseded";
	result->status = STATUS_HELD;
	result_set(&result->reason, reason);
	console_say("served   %s", reason);
	show_version(delivery, number);
	free(reason);
	return 0;
}

static int settle_failure(struct delivery *delivery, int64_t number, struct fail *f)
{
	const struct settings *settings = &delivery->call->settings;
	struct registry *registry = delivery->registry;
	struct fail why = *f;
	bool found;
	if (status_is_retryable(why.status) || settings->mlflow.plan)
		return -1;
	why.status = STATUS_NOT_SERVED;
	if (registry_read(registry, &found, f) != 0)
		return -1;
	int64_t winner = state_desired_version(&registry->state);
	if (winner != number && winner != 0)
		return tell_superseded(delivery, number, winner);
	*f = why;
	if (may_roll_back(delivery, number))
		return roll_back(delivery, number, f);
	if (note_failure(delivery, number, SERVED_NOT, 0, why.text, f) != 0)
		return -1;
	*f = why;
	return why.hint[0] != '\0' ? -1
				   : fail_hint(f, "modelhook served %s --repair tries it again",
					     registry->model);
}

int deliver_version(struct delivery *delivery, int64_t number, int64_t instead, struct fail *f)
{
	if (reload_and_prove(delivery, number, instead, f) != 0)
		return settle_failure(delivery, number, f);
	return delivery->call->settings.mlflow.plan ? 0 : note_served(delivery, number, f);
}

int deliver_unfinished(struct delivery *delivery, int64_t number, struct fail *f)
{
	const struct version *version = state_version(&delivery->registry->state, number);
	struct served_note note;
	int result = 0;
	if (version == NULL || delivery->call->settings.mlflow.plan)
		return 0;
	served_note_read(version, &note);
	const char *why = note.why != NULL ? note.why : "it was not served";
	if (note.state == SERVED_ROLLING_BACK) {
		result = finish_rollback(delivery, number, why, f);
	} else if (note.state == SERVED_ROLLED_BACK) {
		show_version(delivery, number);
		delivery->call->result.previous_version = note.to;
		result_set(&delivery->call->result.served, note.json);
		fail_set(f, STATUS_ROLLED_BACK, "version %lld is rolled back to version %lld: %s",
			(long long)number, (long long)note.to, why);
		result = fail_hint(f, "modelhook promote %s %lld tries it again",
			delivery->registry->model, (long long)number);
	}
	served_note_release(&note);
	return result;
}

/* A version that was being left for the Production version when a call was interrupted. */
static bool is_being_left(const struct version *version, int64_t production, char **why)
{
	struct served_note note;
	served_note_read(version, &note);
	bool is = note.state == SERVED_ROLLING_BACK && version->number != production;
	*why = text_copy(note.why);
	served_note_release(&note);
	return is;
}

static bool any_is_being_left(const struct registry_state *state, int64_t production)
{
	bool any = false;
	for (size_t i = 0; i < state->versions.count; i++) {
		char *why;
		any |= is_being_left(&state->versions.items[i], production, &why);
		free(why);
	}
	return any;
}

/* The rollbacks that were interrupted have ended once the Production version is served. */
static int end_rollbacks(struct delivery *delivery, int64_t production, struct fail *f)
{
	const struct registry_state *state = &delivery->registry->state;
	int result = 0;
	for (size_t i = 0; result == 0 && i < state->versions.count; i++) {
		const struct version *version = &state->versions.items[i];
		char *why;
		if (is_being_left(version, production, &why))
			result = note_failure(
				delivery, version->number, SERVED_ROLLED_BACK, production, why, f);
		free(why);
	}
	return result;
}

/* The registry first: a rollback may have been interrupted before its transition. */
static int settle_registry(struct delivery *delivery, int64_t *production, struct fail *f)
{
	struct registry *registry = delivery->registry;
	if (state_desired_version(&registry->state) != 0)
		return registry_reconcile(registry, delivery->who, production, f);
	const struct version *found = state_production(&registry->state);
	*production = found != NULL ? found->number : 0;
	return 0;
}

int deliver_repair(struct delivery *delivery, struct fail *f)
{
	struct registry *registry = delivery->registry;
	int64_t number = 0;
	if (settle_registry(delivery, &number, f) != 0)
		return -1;
	if (number == 0) {
		fail_set(f, STATUS_REFUSED, "%s: no version is Production", registry->model);
		return fail_hint(f, "modelhook repair %s", registry->model);
	}
	delivery->keeps = any_is_being_left(&registry->state, number);
	if (deliver_version(delivery, number, 0, f) != 0)
		return -1;
	if (delivery->call->result.status == STATUS_HELD || delivery->call->settings.mlflow.plan)
		return 0;
	delivery->call->result.version = number;
	return end_rollbacks(delivery, number, f);
}
