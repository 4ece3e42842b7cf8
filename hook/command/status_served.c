#include "command/status_served.h"

#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/text.h"
#include "mlflow/types.h"
#include "packaging/json/json.h"
#include "registry/tags.h"
#include "served/cluster.h"
#include "served/round.h"
#include "served/server.h"

static int ask(const struct invocation *call, const struct registry_state *state,
	const struct version *version, struct text *said, struct fail *f)
{
	const struct served *served = call->settings.served;
	struct deploy_model model = {
		.name = state->model.name,
		.version = version != NULL ? version->number : 0,
		.digest = version != NULL ? version_tag(version, TAG_DIGEST) : NULL,
		.run_id = version != NULL ? version->run_id : NULL,
	};
	struct served_cluster cluster = {0};
	struct served_call served_call = {
		.deploy = {.model = &model,
			.http = &call->settings.http,
			.deadline = call->deadline},
		.cluster = &cluster,
	};
	struct served_round round;
	int result = served_round_ask(served, &served_call, &round, f);
	if (result == 0)
		served_round_describe(served, &round, said);
	served_round_release(&round);
	served_cluster_close(&cluster);
	return result;
}

int status_served_ask(const struct invocation *call, const struct registry_state *state,
	struct served_status *status, struct fail *f)
{
	const struct served *served = call->settings.served;
	const struct version *version = state_production(state);
	struct text said = {0};
	*status = (struct served_status){.alias = state_alias(state, ALIAS_PRODUCTION)};
	if (served == NULL) {
		fail_set(f, STATUS_CONFIGURATION,
			"no \"served\" is set: nothing says how the service is asked");
		return fail_hint(
			f, "set \"served\" in modelhook.json, or name its file with --config");
	}
	if (state->stages && version != NULL)
		status->stage = version->number;
	if (served->server->needs_golden)
		text_printf(
			&said, "only golden requests tell: modelhook served %s", state->model.name);
	else if (ask(call, state, version, &said, f) != 0)
		return -1;
	status->served = text_take(&said);
	return 0;
}

void status_served_release(struct served_status *status)
{
	free(status->served);
	*status = (struct served_status){0};
}

struct cJSON *status_served_json(const struct served_status *status)
{
	char number[24];
	struct cJSON *object = json_new_object();
	json_set_string_or_null(
		object, "stage", status->stage != 0 ? text_number(number, status->stage) : NULL);
	json_set_string_or_null(
		object, "alias", status->alias != 0 ? text_number(number, status->alias) : NULL);
	json_set_string_or_null(object, "served", status->served);
	return object;
}

static void add_number(struct text *text, const char *label, int64_t version)
{
	if (version != 0)
		text_printf(text, "  %-13sversion %lld\n", label, (long long)version);
	else
		text_printf(text, "  %-13s-\n", label);
}

void status_served_text(const struct served_status *status, struct text *text)
{
	add_number(text, "stage", status->stage);
	add_number(text, "alias", status->alias);
	text_printf(text, "  %-13s", "served");
	escape_add(text, status->served, strlen(status->served));
	text_add_string(text, "\n");
}
