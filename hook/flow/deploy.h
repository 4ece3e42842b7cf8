/* deploy - the service is made to load what the registry now says is Production.
 */
#ifndef MODELHOOK_FLOW_DEPLOY_H
#define MODELHOOK_FLOW_DEPLOY_H

#include "flow/step.h"

/* deploy_step - every target of settings.deploy in order, each a step of its own in the result;
 * none where the version is not Production. Status as deploy/kind.h says. */
MUST_CHECK int deploy_step(struct flow *flow, struct text *did, struct fail *f);

#endif
