/* service - the step that brings what the registry says is Production into the service.
 */
#ifndef MODELHOOK_FLOW_SERVICE_H
#define MODELHOOK_FLOW_SERVICE_H

#include "flow/step.h"

/* service_step - flow/deliver.h for the flow's version, where it is Production or was rolled back;
 * nothing where the settings name no service */
MUST_CHECK int service_step(struct flow *flow, struct text *did, struct fail *f);

#endif
