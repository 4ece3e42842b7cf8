/* gate - the step that decides whether the training is good enough.
 */
#ifndef MODELHOOK_FLOW_GATE_H
#define MODELHOOK_FLOW_GATE_H

#include "base/fail.h"
#include "base/text.h"
#include "flow/step.h"

/* gate_step - the verdict goes onto the version when it is registered (modelhook.gate). A package
 * that passed before (its version has an intent) is not judged again; one that was rejected is,
 * since settings and champion change. Fills flow->version where an earlier attempt registered it.
 */
MUST_CHECK int gate_step(struct flow *flow, struct text *did, struct fail *f);

#endif
