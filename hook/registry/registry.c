#include "registry/registry.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "mlflow/call.h"
#include "mlflow/mlflow.h"
#include "mlflow/models.h"
#include "mlflow/types.h"
#include "mlflow/versions.h"
#include "packaging/json/json.h"
#include "registry/state_plan.h"
#include "registry/tags.h"

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
	r->is_new = result == 0 && !found;
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

static int read_state(struct registry *r, struct registry_state *fresh, bool *found, struct fail *f)
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
	if (read_state(r, &fresh, found, f) != 0) {
		state_release(&fresh);
		return -1;
	}
	if (r->stage && state_lacks_stages(&fresh))
		r->stage = fresh.stages = false;
	state_release(&r->state);
	r->state = fresh;
	if (!r->read)
		r->production_before = state_production_number(&r->state);
	/* that there is no such model is asked again: the next step may have made it */
	r->read = r->fresh = *found;
	return 0;
}

int registry_read_unless_fresh(struct registry *r, bool *found, struct fail *f)
{
	*found = true;
	return r->fresh ? 0 : registry_read(r, found, f);
}

int registry_ensure_model(struct registry *r, struct fail *f)
{
	bool found;
	if (registry_read_unless_fresh(r, &found, f) != 0)
		return -1;
	if (found)
		return 0;
	if (mlflow_create_model(r->mlflow, r->model, f) != 0)
		return -1;
	r->read = true; /* a planned model is there for what is planned next */
	return 0;
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
	if (r->mlflow->plan != NULL)
		state_plan_tag(&r->state, number, key, value);
	return 0;
}

int registry_untag(struct registry *r, int64_t number, const char *key, struct fail *f)
{
	if (mlflow_delete_version_tag(r->mlflow, r->model, number, key, f) != 0)
		return fail_wrap(f, "version %lld: tag %s", (long long)number, key);
	r->fresh = false;
	if (r->mlflow->plan != NULL)
		state_plan_tag(&r->state, number, key, NULL);
	return 0;
}

int registry_tag_model(struct registry *r, const char *key, const char *value, struct fail *f)
{
	if (mlflow_set_model_tag(r->mlflow, r->model, key, value, f) != 0)
		return fail_wrap(f, "%s: tag %s", r->model, key);
	r->fresh = false;
	if (r->mlflow->plan != NULL)
		state_plan_model_tag(&r->state, key, value);
	return 0;
}

/* What somebody said about versions and why, as a tag keeps it. NULL and 0 are left out. */
struct statement {
	int64_t version;
	int64_t at_ms;
	const char *by, *how, *why;
};

/* The caller frees it. */
static char *statement_text(const struct statement *statement)
{
	char at[32], number[24];
	struct cJSON *object = json_new_object();
	if (statement->version != 0)
		json_set_string(object, "version", text_number(number, statement->version));
	clock_format_rfc3339(at, statement->at_ms != 0 ? statement->at_ms : clock_now_ms());
	json_set_string(object, "at", at);
	json_set_string(object, "by", statement->by);
	if (statement->how != NULL)
		json_set_string(object, "how", statement->how);
	if (statement->why != NULL)
		json_set_string(object, "why", statement->why);
	return json_take_text(object);
}

int registry_withdraw(
	struct registry *r, int64_t number, const char *by, const char *why, struct fail *f)
{
	struct statement statement = {.by = by, .why = why};
	char *text = statement_text(&statement);
	int result = registry_tag(r, number, TAG_WITHDRAWN, text, f);
	free(text);
	return result;
}

int registry_decide(struct registry *r, const struct registry_decision *decision, struct fail *f)
{
	struct statement statement = {
		.version = decision->version,
		.at_ms = decision->at_ms,
		.by = decision->by,
		.how = decision->how,
		.why = decision->why,
	};
	char *text = statement_text(&statement);
	int result = registry_tag_model(r, TAG_DECISION, text, f);
	free(text);
	return result;
}
