/* verify - the step that reads what the registry says in the end.
 */
#ifndef MODELHOOK_FLOW_VERIFY_H
#define MODELHOOK_FLOW_VERIFY_H

#include "base/fail.h"
#include "base/text.h"
#include "flow/step.h"

/* verify_step - the outcome and status of the result. LATER where not one version alone is
 * Production and this flow was to see to that. */
MUST_CHECK int verify_step(struct flow *flow, struct text *did, struct fail *f);

#endif
