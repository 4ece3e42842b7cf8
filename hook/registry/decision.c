#include "registry/decision.h"

#include "base/clock.h"
#include "base/console.h"
#include "registry/artifact_check.h"
#include "registry/reconcile.h"
#include "registry/tags.h"

/* A version that a person chose is good: it counts among those that a rollback may go to. */
static int make_candidate(struct registry *registry, int64_t number, struct fail *f)
{
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
static int check_files(struct registry *registry, const struct version *version, struct fail *f)
{
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
static int choose(struct registry *registry, const struct registry_decision *choice, struct fail *f)
{
	const struct version *chosen = state_version(&registry->state, choice->version);
	if (!version_is_ready(chosen))
		return fail_set(f, STATUS_REFUSED, "version %lld is %.40s, not READY",
			(long long)choice->version, chosen->status);
	if (check_files(registry, chosen, f) != 0)
		return fail_wrap(f, "version %lld", (long long)choice->version);
	/* a decision for a version that is withdrawn would not count: it is put back first */
	if (make_candidate(registry, choice->version, f) != 0)
		return -1;
	return registry_decide(registry, choice, f);
}

int decision_promote(struct registry *registry, const char *who, int64_t version, const char *why,
	int64_t *winner, struct fail *f)
{
	const struct registry_decision choice = {
		.version = version,
		.by = who,
		.how = registry->how != NULL ? registry->how : HOW_BY_HAND,
		.why = why,
	};
	if (choose(registry, &choice, f) != 0)
		return -1;
	return registry_reconcile(registry, who, winner, f);
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
static int find_previous(struct registry *registry, int64_t from, int64_t *to, struct fail *f)
{
	*to = from;
	while ((*to = state_previous(&registry->state, *to)) != 0) {
		struct fail failure;
		const struct version *version = state_version(&registry->state, *to);
		if (check_files(registry, version, &failure) == 0)
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

int decision_rollback(struct registry *registry, struct rollback *rollback, struct fail *f)
{
	struct registry_decision choice = {
		.version = rollback->to,
		.by = rollback->who,
		.how = HOW_ROLLBACK,
		.why = rollback->why,
		.at_ms = rollback->at_ms,
	};
	int64_t from = version_to_leave(&registry->state);
	rollback->from = from;
	if (choice.version == 0 && find_previous(registry, from, &choice.version, f) != 0)
		return -1;
	if (choice.version == from && from == state_desired_version(&registry->state))
		return fail_set(f, STATUS_REFUSED,
			"%s: version %lld is what should be Production already", registry->model,
			(long long)from);
	if (choose(registry, &choice, f) != 0)
		return -1;
	/* only now: were it withdrawn before the decision stands, a third version could win between
	 */
	if (from != 0 && from != choice.version &&
		registry_withdraw(registry, from, rollback->who,
			rollback->why != NULL ? rollback->why : "rolled back", f) != 0)
		return -1;
	return registry_reconcile(registry, rollback->who, &rollback->winner, f);
}
