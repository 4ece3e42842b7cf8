/* register - the version: its tags, its description, and what became of it.
 */
#ifndef MODELHOOK_FLOW_REGISTER_H
#define MODELHOOK_FLOW_REGISTER_H

#include "base/fail.h"
#include "base/text.h"
#include "flow/flow.h"

/* flow_register - the version of flow->digest, found or created, READY; fills flow->version */
MUST_CHECK int flow_register(struct flow *flow, struct text *did, struct fail *f);

/* flow_register_outcome - the outcome and status in the result, from what the registry shows at the
 * end */
void flow_register_outcome(struct flow *flow, bool production);

#endif
