/* state_plan - what planned writes would make of the state, in memory: the next step plans on top
 * of it. No calls.
 */
#ifndef MODELHOOK_REGISTRY_STATE_PLAN_H
#define MODELHOOK_REGISTRY_STATE_PLAN_H

#include "mlflow/versions.h"
#include "registry/state.h"

/* state_plan_tag, state_plan_model_tag - value NULL: the tag is removed */
void state_plan_tag(
	struct registry_state *state, int64_t number, const char *key, const char *value);
void state_plan_model_tag(struct registry_state *state, const char *key, const char *value);

/* state_plan_version - the next version, as the request has it; its number */
int64_t state_plan_version(struct registry_state *state, const struct version_request *request);

/* state_plan_transition - the winner alone is in Production; who was is archived */
void state_plan_transition(struct registry_state *state, int64_t winner);
void state_plan_alias(struct registry_state *state, const char *alias, int64_t number);

#endif
