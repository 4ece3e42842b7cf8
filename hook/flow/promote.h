/* promote - the step that makes the desired version the one Production version.
 */
#ifndef MODELHOOK_FLOW_PROMOTE_H
#define MODELHOOK_FLOW_PROMOTE_H

#include "base/fail.h"
#include "base/text.h"
#include "flow/step.h"

/* promote_step - as far as the policy goes, and only what passed the gates */
MUST_CHECK int promote_step(struct flow *flow, struct text *did, struct fail *f);

#endif
