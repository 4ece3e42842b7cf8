/* register - the step that registers the version: its tags and its description.
 */
#ifndef MODELHOOK_FLOW_REGISTER_H
#define MODELHOOK_FLOW_REGISTER_H

#include "base/fail.h"
#include "base/text.h"
#include "flow/step.h"

/* register_step - the version of flow->digest, found or created, READY; fills flow->version */
MUST_CHECK int register_step(struct flow *flow, struct text *did, struct fail *f);

#endif
