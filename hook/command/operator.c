#include "command/operator.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cjson/cJSON.h>

#include "base/console.h"
#include "base/stop.h"
#include "flow/connect.h"
#include "packaging/package/model_name.h"
#include "registry/artifact_check.h"
#include "registry/history.h"

int manual_check_model(const char *name, struct fail *f)
{
	const char *problem = model_name_problem(name);
	char shown[80];
	if (problem == NULL)
		return 0;
	return fail_set(f, STATUS_USAGE, "model %s: %s",
		text_escape(shown, sizeof(shown), name, strlen(name)), problem);
}

static bool is_of(const char *string, const char *characters)
{
	return string[0] != '\0' && string[strspn(string, characters)] == '\0';
}

/* MLflow keeps "v1" and "latest" from being aliases. */
int manual_check_name(const char *name, struct fail *f)
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
		text_escape(shown, sizeof(shown), name, strlen(name)));
	if (spelled_v)
		return fail_hint(f, "version %s is written %s", name + 1, name + 1);
	return fail_hint(f, "a version is a number, such as 3, or an alias");
}

int manual_open(struct manual *manual, struct invocation *call, const char *model, struct fail *f)
{
	bool found = false;
	*manual = (struct manual){.call = call, .who = history_who()};
	result_set(&call->result.model, model);
	if (manual_check_model(model, f) != 0 || invocation_settle_here(call, f) != 0 ||
		connect_session(&manual->session, call, f) != 0)
		return -1;
	result_set(&call->result.registry_url, manual->session.registry->base);
	if (registry_open(&manual->registry, manual->session.registry, model,
		    call->settings.registry.promote_by, f) != 0 ||
		registry_read(&manual->registry, &found, f) != 0)
		return -1;
	if (found)
		return 0;
	fail_set(f, STATUS_REFUSED, "%s: no such registered model", model);
	return fail_hint(f, "modelhook status shows all of them");
}

void manual_release(struct manual *manual)
{
	registry_release(&manual->registry);
	session_release(&manual->session);
	free(manual->who);
	*manual = (struct manual){0};
}

int manual_version(const struct manual *manual, const char *name, const struct version **version,
	struct fail *f)
{
	const struct standing *standing = &manual->registry.standing;
	char shown[64], *end;
	int64_t number = strtoll(name, &end, 10);
	if (*end != '\0' || end == name)
		number = standing_alias(standing, name);
	*version = standing_version(standing, number);
	if (*version != NULL)
		return 0;
	text_escape(shown, sizeof(shown), name, strlen(name));
	fail_set(f, STATUS_REFUSED, "%s has no version %s", manual->registry.model, shown);
	return fail_hint(f, "modelhook history %s shows its versions", manual->registry.model);
}

/* {"version", "at", "by", "how", "why"}: a decision. The caller frees it with cJSON_free. */
static char *say(const struct manual *manual, int64_t version, const char *how, const char *why)
{
	char at[32], number[24];
	cJSON *object = cJSON_CreateObject();
	clock_format_rfc3339(at, clock_now_ms());
	cJSON_AddStringToObject(object, "version", text_number(number, version));
	cJSON_AddStringToObject(object, "at", at);
	cJSON_AddStringToObject(object, "by", manual->who);
	cJSON_AddStringToObject(object, "how", how);
	if (why != NULL)
		cJSON_AddStringToObject(object, "why", why);
	char *text = cJSON_PrintUnformatted(object);
	cJSON_Delete(object);
	if (text == NULL)
		fail_out_of_memory();
	return text;
}

/* A version that a person chose is good: it counts among those that a rollback may go to. */
static int make_candidate(struct manual *manual, int64_t number, struct fail *f)
{
	struct registry *registry = &manual->registry;
	const struct version *version = standing_version(&registry->standing, number);
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

static int decide(
	struct manual *manual, int64_t number, const char *how, const char *why, struct fail *f)
{
	char *decision = say(manual, number, how, why);
	int result = registry_tag_model(&manual->registry, TAG_DECISION, decision, f);
	cJSON_free(decision);
	return result;
}

/* Where no store here can read them, a person's word is enough. */
static int check_files(struct manual *manual, const struct version *version, struct fail *f)
{
	struct registry *registry = &manual->registry;
	if (registry->proven == version->number)
		return 0;
	if (proof_check(registry->mlflow, registry->model, version, f) != 0) {
		if (f->status != STATUS_CONFIGURATION)
			return -1;
		console_warn("version %lld: its files cannot be checked: %s",
			(long long)version->number, f->text);
	}
	registry->proven = version->number;
	return 0;
}

/* From now on the registry's tags say this version; what is left is to make it so. */
static int choose(
	struct manual *manual, int64_t number, const char *how, const char *why, struct fail *f)
{
	const struct version *chosen = standing_version(&manual->registry.standing, number);
	if (!version_is_ready(chosen))
		return fail_set(f, STATUS_REFUSED, "version %lld is %.40s, not READY",
			(long long)number, chosen->status);
	if (check_files(manual, chosen, f) != 0)
		return fail_in(f, "version %lld", (long long)number);
	/* a decision for a version that is withdrawn would not count: it is put back first */
	if (make_candidate(manual, number, f) != 0)
		return -1;
	return decide(manual, number, how, why, f);
}

int manual_promote(
	struct manual *manual, int64_t version, const char *why, int64_t *winner, struct fail *f)
{
	const char *how = manual->registry.how != NULL ? manual->registry.how : HOW_BY_HAND;
	if (choose(manual, version, how, why, f) != 0)
		return -1;
	return registry_converge(&manual->registry, manual->who, winner, f);
}

/* What a person sees in Production and wants to leave: not a training that waits to be promoted,
 * and, when a rollback that was interrupted is repeated, the same version as then. */
static int64_t version_to_leave(const struct standing *standing)
{
	for (size_t i = 0; standing_production_count(standing) == 1; i++)
		if (standing_is_production(standing, &standing->versions.items[i]))
			return standing->versions.items[i].number;
	return standing_winner(standing);
}

/* The last good one whose files are still there. */
static int find_previous(struct manual *manual, int64_t from, int64_t *to, struct fail *f)
{
	struct registry *registry = &manual->registry;
	*to = from;
	while ((*to = standing_previous(&registry->standing, *to)) != 0) {
		struct fail own;
		const struct version *version = standing_version(&registry->standing, *to);
		if (check_files(manual, version, &own) == 0)
			return 0;
		if (own.status != STATUS_REFUSED) {
			*f = own;
			return fail_in(f, "version %lld", (long long)*to);
		}
		console_warn("version %lld: %s: going further back", (long long)*to, own.text);
	}
	fail_set(f, STATUS_REFUSED, "%s: no version was good before version %lld", registry->model,
		(long long)from);
	return fail_hint(f, "name one: modelhook rollback %s --to VERSION", registry->model);
}

int manual_rollback(struct manual *manual, int64_t to, const char *why, int64_t *from,
	int64_t *winner, struct fail *f)
{
	struct registry *registry = &manual->registry;
	*from = version_to_leave(&registry->standing);
	if (to == 0 && find_previous(manual, *from, &to, f) != 0)
		return -1;
	if (to == *from && to == standing_winner(&registry->standing))
		return fail_set(f, STATUS_REFUSED,
			"%s: version %lld is what should be Production already", registry->model,
			(long long)to);
	if (choose(manual, to, HOW_ROLLBACK, why, f) != 0)
		return -1;
	/* only now: were it withdrawn before the decision stands, a third version could win between
	 */
	if (*from != 0 && *from != to &&
		registry_withdraw(
			registry, *from, manual->who, why != NULL ? why : "rolled back", f) != 0)
		return -1;
	return registry_converge(registry, manual->who, winner, f);
}

int manual_stage(struct manual *manual, const struct version *version, const char *stage,
	const char *why, struct fail *f)
{
	struct registry *registry = &manual->registry;
	bool supported;
	if (standing_is_production(&registry->standing, version)) {
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
	return history_record(registry, version->number, stage, manual->who, 0, why, f);
}

int manual_confirm(struct manual *manual, const char *what, struct fail *f)
{
	if (manual->call->settings.yes || manual->call->settings.mlflow.plan)
		return 0;
	char *answer = console_can_ask() ? console_ask(what) : NULL;
	bool same = text_equal(answer, manual->registry.model);
	free(answer);
	if (same)
		return 0;
	if (stop_or_late(f) != 0)
		return -1;
	fail_set(f, STATUS_USAGE, "not confirmed: nothing was done");
	return fail_hint(f, "type the model's name, or pass --yes");
}
