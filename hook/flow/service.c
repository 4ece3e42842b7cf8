#include "flow/service.h"

#include "base/fail.h"
#include "flow/deliver.h"
#include "mlflow/types.h"

int service_step(struct flow *flow, struct text *did, struct fail *f)
{
	struct registry *registry = &flow->registry;
	const struct version *version = state_version(&registry->state, flow->version);
	struct delivery delivery = {
		.call = flow->call,
		.registry = registry,
		.who = flow->who,
		.at_hand = flow->version,
		.package = flow->package,
		.manifest = flow->manifest,
	};
	(void)did;
	if (version == NULL || !deliver_is_set(&flow->call->settings))
		return 0;
	int result = state_is_production(&registry->state, version)
			     ? deliver_version(&delivery, flow->version,
				       flow->call->result.previous_version, f)
			     : deliver_unfinished(&delivery, flow->version, f);
	delivery_release(&delivery);
	return result;
}
