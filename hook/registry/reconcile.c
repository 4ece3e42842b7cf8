#include "registry/reconcile.h"

#include "base/clock.h"
#include "base/console.h"
#include "base/fail.h"
#include "base/random.h"
#include "base/stop.h"
#include "base/text.h"
#include "mlflow/models.h"
#include "mlflow/types.h"
#include "mlflow/versions.h"
#include "registry/artifact_check.h"
#include "registry/history.h"
#include "registry/state_plan.h"
#include "registry/tags.h"

/* 10 were seen with 20 promoters. */
enum { ROUNDS_MAX = 200 };

/* An unmanaged version in Production is given its intent before it can be archived: else, once
 * archived, nothing would say any more that it was Production, and a rollback could not find it. */
static int adopt_unmanaged(struct registry *r, struct fail *f)
{
	for (size_t i = 0; i < r->state.versions.count; i++) {
		const struct version *version = &r->state.versions.items[i];
		char at[32];
		if (!version_is_unmanaged(&r->state, version))
			continue;
		clock_format_rfc3339(at, version->created_ms);
		if (registry_tag(r, version->number, TAG_INTENT, at, f) != 0)
			return -1;
	}
	return 0;
}

static bool stage_is_converged(const struct registry *r)
{
	return !r->stage || state_is_converged(&r->state, true, false);
}

static int apply_stage(struct registry *r, int64_t winner, const char *by, struct fail *f)
{
	bool supported = true;
	if (stage_is_converged(r))
		return 0;
	if (mlflow_transition(r->mlflow, r->model, winner, STAGE_PRODUCTION, true, &supported, f) !=
		0)
		return fail_wrap(f, "version %lld to Production", (long long)winner);
	if (!supported) {
		/* a registry without stages: the alias alone says what is Production */
		r->stage = false;
		r->state.stages = false;
		return 0;
	}
	r->transitions++;
	r->fresh = false;
	if (history_record_transition(r, winner, by, f) != 0)
		return -1;
	if (r->mlflow->plan != NULL)
		state_plan_transition(&r->state, winner);
	return 0;
}

static int apply_alias(struct registry *r, const char *alias, int64_t number, struct fail *f)
{
	bool supported = true;
	int result = 0;
	if (!r->alias || state_alias(&r->state, alias) == number)
		return 0;
	r->fresh = false;
	if (number != 0)
		result = mlflow_set_alias(r->mlflow, r->model, alias, number, &supported, f);
	else
		result = mlflow_delete_alias(r->mlflow, r->model, alias, &supported, f);
	if (result != 0)
		return fail_wrap(f, "alias %s", alias);
	if (!supported)
		r->alias = false;
	else if (r->mlflow->plan != NULL)
		state_plan_alias(&r->state, alias, number);
	return 0;
}

static int apply(struct registry *r, int64_t winner, const char *by, struct fail *f)
{
	if (adopt_unmanaged(r, f) != 0 || apply_stage(r, winner, by, f) != 0)
		return -1;
	if (!r->stage && !r->alias) {
		fail_set(f, STATUS_REFUSED, "this registry has neither stages nor aliases");
		return fail_hint(f, "is it an MLflow Model Registry? modelhook doctor tells");
	}
	/* Without stages the history alone tells later who was Production: it is written first. */
	if (!r->stage && state_alias(&r->state, ALIAS_PRODUCTION) != winner &&
		history_record_transition(r, winner, by, f) != 0)
		return -1;
	/* Who is told of the alias by MLflow's webhooks finds everything else done: it comes last.
	 */
	if (apply_alias(r, ALIAS_PREVIOUS, state_previous(&r->state, winner), f) != 0)
		return -1;
	return apply_alias(r, ALIAS_PRODUCTION, winner, f);
}

/* Between two converged reads, so that a late write may show; between two rounds of writes, so that
 * two promoters do not stay in step. */
static int pause_at_random(const struct registry *r, struct fail *f)
{
	return r->mlflow->plan == NULL ? stop_sleep(5 + (int64_t)random_below(25), f) : 0;
}

static int verify_files(struct registry *r, int64_t winner, const char *by, struct fail *f)
{
	const struct version *version = state_version(&r->state, winner);
	const char *lacks;
	struct fail failure;
	if (artifact_check_ask(r->mlflow, r->model, version, &lacks, &failure) != 0) {
		if (status_is_retryable(failure.status)) {
			*f = failure;
			return fail_wrap(f, "version %lld", (long long)winner);
		}
		console_warn("version %lld: its files cannot be checked: %s", (long long)winner,
			failure.text);
		lacks = NULL;
	}
	if (lacks == NULL) {
		r->verified = winner;
		return 0;
	}
	console_warn("version %lld of %s is withdrawn: %s", (long long)winner, r->model, lacks);
	return registry_withdraw(r, winner, by, lacks, f);
}

/* Whether to write now: a winner that is not the caller's own, and not in Production, is given a
 * moment for its own promoter to do it, and its files are checked before it is promoted here. */
static int prepare(struct registry *r, int64_t winner, const char *by, bool *waited,
	bool *may_apply, struct fail *f)
{
	const struct version *version = state_version(&r->state, winner);
	*may_apply = winner == r->verified || state_is_production(&r->state, version);
	if (*may_apply)
		return 0;
	if (!*waited && r->mlflow->plan == NULL) {
		*waited = true;
		return 0;
	}
	return verify_files(r, winner, by, f);
}

int registry_reconcile(struct registry *r, const char *by, int64_t *winner, struct fail *f)
{
	bool waited = false;
	int converged = 0;
	int64_t converged_on = 0;
	for (int round = 0; round < ROUNDS_MAX; round++) {
		bool found;
		if (stop_check(f) != 0 || (round == 0 ? registry_read_unless_fresh(r, &found, f)
						      : registry_read(r, &found, f)) != 0)
			return -1;
		*winner = found ? state_desired_version(&r->state) : 0;
		bool agrees = !found || state_is_converged(&r->state, r->stage, r->alias);
		/* two that agree, but on two winners, may each have seen a half of a change */
		converged = agrees ? (*winner == converged_on ? converged + 1 : 1) : 0;
		converged_on = *winner;
		if (converged == 2 || *winner == 0)
			return 0;
		bool may_apply = false;
		if (!agrees && prepare(r, *winner, by, &waited, &may_apply, f) != 0)
			return -1;
		if (may_apply && apply(r, *winner, by, f) != 0)
			return -1;
		if ((agrees || round > 0 || !may_apply) && pause_at_random(r, f) != 0)
			return -1;
	}
	fail_set(f, STATUS_LATER, "%s does not settle: others keep changing it", r->model);
	return fail_hint(f, "modelhook status %s shows who is Production", r->model);
}
