/* served: prove that every replica of the service serves the Production version; with --repair,
 * make it so. */
#include <stdlib.h>

#include "base/fail.h"
#include "base/text.h"
#include "command/by_hand.h"
#include "command/command.h"
#include "flow/deliver.h"
#include "mlflow/types.h"
#include "packaging/json/json.h"

static int check(const struct invocation *call, struct fail *f)
{
	(void)call;
	(void)f;
	return 0;
}

static int check_settings(const struct settings *settings, struct fail *f)
{
	if (settings->served != NULL || (settings->repair && settings->deploy_count > 0))
		return 0;
	fail_set(f, STATUS_CONFIGURATION,
		"no \"served\" is set: nothing says how the service is asked");
	return fail_hint(f, "set \"served\" in modelhook.json, or name its file with --config");
}

static int prove_production(struct delivery *delivery, struct fail *f)
{
	const struct registry *registry = delivery->registry;
	const struct version *production = state_production(&registry->state);
	if (production == NULL) {
		fail_set(f, STATUS_REFUSED, "%s: no version is Production", registry->model);
		return fail_hint(f, "modelhook repair %s", registry->model);
	}
	delivery->call->result.version = production->number;
	return reload_prove(delivery, production->number, f);
}

static void show_figures(struct invocation *call, const struct delivery *delivery)
{
	if (call->result.served != NULL || delivery->figures == NULL)
		return;
	char *figures = json_text(delivery->figures);
	result_set(&call->result.served, figures);
	free(figures);
}

static int served(
	struct operator* operator, const struct version * none, struct text *did, struct fail *f)
{
	struct invocation *call = operator->call;
	struct delivery delivery = {
		.call = call, .registry = &operator->registry, .who = operator->who };
	(void)none;
	if (check_settings(&call->settings, f) != 0)
		return -1;
	int result = call->settings.repair ? deliver_repair(&delivery, f)
					   : prove_production(&delivery, f);
	int64_t number = call->result.version;
	if (result == 0 && call->result.status != STATUS_HELD) {
		call->result.outcome = "served";
		by_hand_show_state(operator, number);
		show_figures(call, &delivery);
		text_printf(did, "version %lld of %s is Production, and served",
			(long long)number, operator->registry.model);
	}
	delivery_release(&delivery);
	return result;
}

int command_served(struct invocation *call, struct fail *f)
{
	return by_hand_call(call, check, NULL, served, f);
}
