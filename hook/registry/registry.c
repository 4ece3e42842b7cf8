#include "registry/registry.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/console.h"
#include "base/fail.h"
#include "base/random.h"
#include "base/stop.h"
#include "base/text.h"
#include "mlflow/call.h"
#include "mlflow/models.h"
#include "mlflow/types.h"
#include "mlflow/versions.h"
#include "packaging/json/json.h"
#include "registry/artifact_check.h"
#include "registry/history.h"

enum {
	ROUNDS_MAX = 200,    /* of the promote loop; 10 were seen with 20 promoters */
	ASKS_AFTER_LOSS = 4, /* reads before an unanswered create is sent again */
	READY_POLL_MS = 1000,
	READY_WAIT_MS = 300000,
};

/* Aliases are taken for granted until a call says otherwise, unless they were asked for by name. */
int registry_open(struct registry *r, struct mlflow *mlflow, const char *model, enum promote_by by,
	struct fail *f)
{
	bool aliases = true;
	*r = (struct registry){.mlflow = mlflow, .model = model};
	r->stage = by != PROMOTE_BY_ALIAS;
	r->alias = by != PROMOTE_BY_STAGE;
	r->state.stages = r->stage;
	if (by != PROMOTE_BY_ALIAS && by != PROMOTE_BY_BOTH)
		return 0;
	if (mlflow_has_aliases(mlflow, model, &aliases, f) != 0)
		return fail_wrap(f, "aliases");
	if (aliases)
		return 0;
	fail_set(f, STATUS_CONFIGURATION, "this MLflow server has no aliases");
	return fail_hint(f, "use --promote-by stage or server");
}

void registry_release(struct registry *r)
{
	state_release(&r->state);
}

/* Its versions are never found by search: one that is made would be made again and again. */
static int refuse_prompt(
	const struct registry *r, const struct registered_model *model, struct fail *f)
{
	if (!registered_model_is_prompt(model))
		return 0;
	fail_set(f, STATUS_REFUSED, "%s: is a prompt, not a model", r->model);
	return fail_hint(f, "MLflow keeps both under one name space: choose another name");
}

int registry_check_model(struct registry *r, struct fail *f)
{
	struct registered_model model;
	bool found;
	int result = mlflow_get_model(r->mlflow, r->model, &model, &found, f);
	if (result == 0)
		result = refuse_prompt(r, &model, f);
	registered_model_release(&model);
	return result;
}

static int add_by_number(
	struct registry *r, struct registry_state *fresh, int64_t number, struct fail *f)
{
	struct versions *versions = &fresh->versions;
	struct version version;
	bool found;
	if (mlflow_get_version(r->mlflow, r->model, number, &version, &found, f) != 0)
		return -1;
	if (!found)
		return 0;
	versions->items = memory_grow(versions->items, versions->count + 1, sizeof(version));
	versions->items[versions->count++] = version;
	versions_sort(versions);
	return 0;
}

static int complete(struct registry *r, struct registry_state *fresh, struct fail *f)
{
	int64_t numbers[UNLISTED_MAX];
	size_t count = state_unlisted(fresh, numbers);
	for (size_t i = 0; i < count; i++)
		if (add_by_number(r, fresh, numbers[i], f) != 0)
			return -1;
	if (r->created == 0 || state_version(fresh, r->created) != NULL)
		return 0;
	return add_by_number(r, fresh, r->created, f);
}

static int read_standing(
	struct registry *r, struct registry_state *fresh, bool *found, struct fail *f)
{
	mlflow_prefetch_state(r->mlflow, r->model);
	int result = mlflow_get_model(r->mlflow, r->model, &fresh->model, found, f);
	if (result == 0 && *found)
		result = refuse_prompt(r, &fresh->model, f);
	if (result == 0 && *found)
		result = mlflow_list_versions(r->mlflow, r->model, &fresh->versions, f);
	mlflow_prefetch_drop(r->mlflow);
	return result == 0 && *found ? complete(r, fresh, f) : result;
}

int registry_read(struct registry *r, bool *found, struct fail *f)
{
	*found = true;
	if (r->read && r->mlflow->plan != NULL)
		return 0;
	struct registry_state fresh = {.stages = r->stage};
	if (read_standing(r, &fresh, found, f) != 0) {
		state_release(&fresh);
		return -1;
	}
	if (r->stage && state_lacks_stages(&fresh))
		r->stage = fresh.stages = false;
	state_release(&r->state);
	r->state = fresh;
	/* that there is no such model is asked again: the next step may have made it */
	r->read = r->fresh = *found;
	return 0;
}

static int read_unless_fresh(struct registry *r, bool *found, struct fail *f)
{
	*found = true;
	return r->fresh ? 0 : registry_read(r, found, f);
}

int registry_ensure_model(struct registry *r, struct fail *f)
{
	bool found;
	if (read_unless_fresh(r, &found, f) != 0)
		return -1;
	if (found)
		return 0;
	if (mlflow_create_model(r->mlflow, r->model, f) != 0)
		return -1;
	r->read = true; /* a planned model is there for what is planned next */
	return 0;
}

/* A planned write changes the standing in memory, so that the next step plans on top of it. value
 * NULL: removed. */
static void plan_pair(struct pair **pairs, size_t *count, const char *key, const char *value)
{
	char *copy = text_copy(value);
	size_t i = 0;
	while (i < *count && strcmp((*pairs)[i].key, key) != 0)
		i++;
	if (i == *count && value == NULL)
		return;
	if (i == *count) {
		*pairs = memory_grow(*pairs, ++*count, sizeof(**pairs));
		(*pairs)[i] = (struct pair){.key = text_copy(key), .value = copy};
		return;
	}
	free((*pairs)[i].value);
	(*pairs)[i].value = copy;
	if (value != NULL)
		return;
	free((*pairs)[i].key);
	(*pairs)[i] = (*pairs)[--*count];
}

static void plan_tag(struct registry *r, int64_t number, const char *key, const char *value)
{
	struct version *version = state_version(&r->state, number);
	if (r->mlflow->plan == NULL || version == NULL)
		return;
	version_unpack(version);
	plan_pair(&version->tags, &version->tag_count, key, value);
}

int registry_tag(
	struct registry *r, int64_t number, const char *key, const char *value, struct fail *f)
{
	struct version *version = state_version(&r->state, number);
	if (version != NULL && text_equal(version_tag(version, key), value))
		return 0;
	if (mlflow_set_version_tag(r->mlflow, r->model, number, key, value, f) != 0)
		return fail_wrap(f, "version %lld: tag %s", (long long)number, key);
	r->fresh = false;
	plan_tag(r, number, key, value);
	return 0;
}

int registry_untag(struct registry *r, int64_t number, const char *key, struct fail *f)
{
	if (mlflow_delete_version_tag(r->mlflow, r->model, number, key, f) != 0)
		return fail_wrap(f, "version %lld: tag %s", (long long)number, key);
	r->fresh = false;
	plan_tag(r, number, key, NULL);
	return 0;
}

int registry_tag_model(struct registry *r, const char *key, const char *value, struct fail *f)
{
	if (mlflow_set_model_tag(r->mlflow, r->model, key, value, f) != 0)
		return fail_wrap(f, "%s: tag %s", r->model, key);
	r->fresh = false;
	if (r->mlflow->plan != NULL)
		plan_pair(&r->state.model.tags, &r->state.model.tag_count, key, value);
	return 0;
}

/* Every version of this digest but the lowest is marked; none is removed. */
static int mark_duplicates(struct registry *r, const char *digest, int64_t kept, struct fail *f)
{
	char number[24];
	text_number(number, kept);
	for (size_t i = 0; i < r->state.versions.count; i++) {
		const struct version *version = &r->state.versions.items[i];
		if (version->number == kept ||
			!text_equal(version_tag(version, TAG_DIGEST), digest))
			continue;
		console_warn("version %lld of %s is a duplicate of version %s",
			(long long)version->number, r->model, number);
		if (registry_tag(r, version->number, TAG_DUPLICATE, number, f) != 0)
			return -1;
	}
	return 0;
}

static int find_registered(struct registry *r, const char *digest, int64_t *number, struct fail *f)
{
	bool found;
	*number = 0;
	if (read_unless_fresh(r, &found, f) != 0)
		return -1;
	const struct version *version = state_find_digest(&r->state, digest);
	if (version == NULL)
		return 0;
	*number = version->number;
	return mark_duplicates(r, digest, *number, f);
}

static void plan_version(struct registry *r, const struct version_request *request, int64_t *number)
{
	struct versions *versions = &r->state.versions;
	struct version version = {0};
	version.number = versions->count > 0 ? versions->items[versions->count - 1].number + 1 : 1;
	version.stage = text_copy("None");
	version.status = text_copy("READY");
	version.source = text_copy(request->source);
	version.run_id = text_copy(request->run_id);
	version.description = text_copy(request->description);
	version.created_ms = clock_now_ms();
	versions->items = memory_grow(versions->items, versions->count + 1, sizeof(version));
	versions->items[versions->count++] = version;
	*number = version.number;
	for (size_t i = 0; i < request->tag_count; i++)
		plan_tag(r, version.number, request->tags[i].key, request->tags[i].value);
}

/* The create was sent and no answer came: it may still be carried out, so ask several times. */
static int ask_about_lost_create(
	struct registry *r, const char *digest, int64_t *number, struct fail *f)
{
	console_say("no answer to the create of a version of %s: asking whether it was carried out",
		r->model);
	for (int ask = 0; ask < ASKS_AFTER_LOSS; ask++) {
		r->fresh = false;
		if (find_registered(r, digest, number, f) != 0)
			return -1;
		if (*number != 0)
			return 0;
		if (stop_sleep(250 << ask, f) != 0)
			return -1;
	}
	return 0;
}

static int create_once(struct registry *r, const struct version_request *request,
	const char *digest, int64_t *number, struct fail *f)
{
	struct version version = {0};
	bool unknown = false;
	r->fresh = false;
	if (mlflow_create_version(r->mlflow, request, &version, &unknown, f) != 0) {
		struct fail said = *f;
		if (!unknown || ask_about_lost_create(r, digest, number, f) != 0)
			return -1;
		/* an answer that makes no sense would make none the next time */
		if (*number == 0 && !status_is_retryable(said.status)) {
			*f = said;
			return -1;
		}
		return 0;
	}
	*number = version.number;
	version_release(&version);
	if (r->mlflow->plan != NULL)
		plan_version(r, request, number);
	else
		r->created = *number;
	return 0;
}

/* Read again: another attempt at the same package may have created one beside ours. */
static int check_created(struct registry *r, const char *digest, int64_t *number, struct fail *f)
{
	int64_t created = *number;
	if (find_registered(r, digest, number, f) != 0)
		return -1;
	if (*number != 0)
		return 0;
	*number = created;
	fail_set(f, STATUS_LATER, "version %lld was created, and the registry does not show it",
		(long long)created);
	return fail_hint(
		f, "modelhook history %s tells when it does: then replay the package", r->model);
}

int registry_register(struct registry *r, const struct version_request *request, const char *digest,
	int64_t *number, bool *created, struct fail *f)
{
	*created = false;
	if (find_registered(r, digest, number, f) != 0)
		return -1;
	for (int64_t tries = 0; *number == 0; tries++) {
		*created = true;
		if (tries > r->mlflow->http->options->max_retries) {
			fail_set(f, STATUS_LATER,
				"no create of a version was answered or carried out");
			return fail_hint(f, "replay the package when the server answers again");
		}
		if (create_once(r, request, digest, number, f) != 0)
			return -1;
	}
	return *created ? check_created(r, digest, number, f) : 0;
}

static int check_ready(const struct version *version, bool *ready, struct fail *f)
{
	*ready = version->status == NULL || strcmp(version->status, "READY") == 0;
	if (version->status != NULL && strcmp(version->status, "FAILED_REGISTRATION") == 0)
		return fail_set(f, STATUS_REFUSED, "version %lld: its registration failed: %s",
			(long long)version->number,
			version->status_message != NULL ? version->status_message
							: "no reason given");
	return 0;
}

int registry_await_ready(struct registry *r, int64_t number, struct fail *f)
{
	int64_t until = clock_monotonic_ms() + READY_WAIT_MS;
	const struct version *known = state_version(&r->state, number);
	bool ready = false;
	if (known != NULL && check_ready(known, &ready, f) != 0)
		return -1;
	while (!ready) {
		struct version version = {0};
		bool found;
		if (mlflow_get_version(r->mlflow, r->model, number, &version, &found, f) != 0)
			return -1;
		int result = found ? check_ready(&version, &ready, f)
				   : fail_set(f, STATUS_REFUSED, "version %lld is gone again",
					     (long long)number);
		version_release(&version);
		if (result != 0 || (!ready && stop_sleep(READY_POLL_MS, f) != 0))
			return -1;
		if (!ready && clock_monotonic_ms() > until)
			return fail_set(f, STATUS_LATER, "version %lld is not READY after %d s",
				(long long)number, READY_WAIT_MS / 1000);
	}
	return 0;
}

/* A stranger in Production is given its intent before it can be archived: else, once archived,
 * nothing would say any more that it was Production, and a rollback could not find it. */
static int adopt_strangers(struct registry *r, struct fail *f)
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

static void plan_transition(struct registry *r, int64_t winner)
{
	for (size_t i = 0; i < r->state.versions.count; i++) {
		struct version *version = &r->state.versions.items[i];
		bool wins = version->number == winner;
		if (!wins && !text_equal(version->stage, STAGE_PRODUCTION))
			continue;
		free(version->stage);
		version->stage = text_copy(wins ? STAGE_PRODUCTION : STAGE_ARCHIVED);
	}
}

static bool stage_is_settled(const struct registry *r)
{
	return !r->stage || state_is_converged(&r->state, true, false);
}

static int push_stage(struct registry *r, int64_t winner, const char *by, struct fail *f)
{
	bool supported = true;
	if (stage_is_settled(r))
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
		plan_transition(r, winner);
	return 0;
}

static void plan_alias(struct registry *r, const char *alias, int64_t number)
{
	struct registered_model *model = &r->state.model;
	for (size_t i = 0; i < model->alias_count; i++) {
		if (strcmp(model->aliases[i].name, alias) == 0) {
			model->aliases[i].version = number;
			return;
		}
	}
	model->aliases =
		memory_grow(model->aliases, model->alias_count + 1, sizeof(*model->aliases));
	model->aliases[model->alias_count++] =
		(struct alias){.name = text_copy(alias), .version = number};
}

static int push_alias(struct registry *r, const char *alias, int64_t number, struct fail *f)
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
		plan_alias(r, alias, number);
	return 0;
}

static int push(struct registry *r, int64_t winner, const char *by, struct fail *f)
{
	if (adopt_strangers(r, f) != 0 || push_stage(r, winner, by, f) != 0)
		return -1;
	if (!r->stage && !r->alias) {
		fail_set(f, STATUS_REFUSED, "this registry has neither stages nor aliases");
		return fail_hint(f, "is it an MLflow Model Registry? modelhook doctor tells");
	}
	/* Without stages the history alone tells later who was Production: it is written first. */
	if (!r->stage && state_alias(&r->state, ALIAS_PRODUCTION) != winner &&
		history_record_transition(r, winner, by, f) != 0)
		return -1;
	if (push_alias(r, ALIAS_PRODUCTION, winner, f) != 0)
		return -1;
	return push_alias(r, ALIAS_PREVIOUS, state_previous(&r->state, winner), f);
}

/* Between two settled reads, so that a straggler's write may show; between two pushes, so that two
 * promoters do not keep step. */
static int pause_at_random(const struct registry *r, struct fail *f)
{
	return r->mlflow->plan == NULL ? stop_sleep(5 + (int64_t)random_below(25), f) : 0;
}

int registry_withdraw(
	struct registry *r, int64_t number, const char *by, const char *why, struct fail *f)
{
	struct cJSON *object = json_new_object();
	struct text text = {0};
	char at[32];
	clock_format_rfc3339(at, clock_now_ms());
	json_set_string(object, "at", at);
	json_set_string(object, "by", by);
	json_set_string(object, "why", why);
	json_print(object, &text);
	json_release(object);
	int result = registry_tag(r, number, TAG_WITHDRAWN, text_string(&text), f);
	text_release(&text);
	return result;
}

static int prove(struct registry *r, int64_t winner, const char *by, struct fail *f)
{
	const struct version *version = state_version(&r->state, winner);
	const char *lacks;
	struct fail own;
	if (artifact_check_ask(r->mlflow, r->model, version, &lacks, &own) != 0) {
		if (status_is_retryable(own.status)) {
			*f = own;
			return fail_wrap(f, "version %lld", (long long)winner);
		}
		console_warn("version %lld: its files cannot be checked: %s", (long long)winner,
			own.text);
		lacks = NULL;
	}
	if (lacks == NULL) {
		r->proven = winner;
		return 0;
	}
	console_warn("version %lld of %s is withdrawn: %s", (long long)winner, r->model, lacks);
	return registry_withdraw(r, winner, by, lacks, f);
}

/* Whether to push now: a winner that is not the caller's own, and not in Production, is given a
 * moment for its own promoter to do it, and is asked for its files before it is pushed here. */
static int prepare(struct registry *r, int64_t winner, const char *by, bool *waited, bool *push,
	struct fail *f)
{
	const struct version *version = state_version(&r->state, winner);
	*push = winner == r->proven || state_is_production(&r->state, version);
	if (*push)
		return 0;
	if (!*waited && r->mlflow->plan == NULL) {
		*waited = true;
		return 0;
	}
	return prove(r, winner, by, f);
}

int registry_converge(struct registry *r, const char *by, int64_t *winner, struct fail *f)
{
	bool waited = false;
	int settled = 0;
	int64_t settled_on = 0;
	for (int round = 0; round < ROUNDS_MAX; round++) {
		bool found;
		if (stop_check(f) != 0 || (round == 0 ? read_unless_fresh(r, &found, f)
						      : registry_read(r, &found, f)) != 0)
			return -1;
		*winner = found ? state_desired_version(&r->state) : 0;
		bool agrees = !found || state_is_converged(&r->state, r->stage, r->alias);
		/* two that agree, but on two winners, may each have seen a half of a change */
		settled = agrees ? (*winner == settled_on ? settled + 1 : 1) : 0;
		settled_on = *winner;
		if (settled == 2 || *winner == 0)
			return 0;
		bool may_push = false;
		if (!agrees && prepare(r, *winner, by, &waited, &may_push, f) != 0)
			return -1;
		if (may_push && push(r, *winner, by, f) != 0)
			return -1;
		if ((agrees || round > 0 || !may_push) && pause_at_random(r, f) != 0)
			return -1;
	}
	fail_set(f, STATUS_LATER, "%s does not settle: others keep changing it", r->model);
	return fail_hint(f, "modelhook status %s shows who is Production", r->model);
}
