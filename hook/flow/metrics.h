/* metrics - the step that logs what the run does not have yet.
 */
#ifndef MODELHOOK_FLOW_METRICS_H
#define MODELHOOK_FLOW_METRICS_H

#include "base/fail.h"
#include "base/text.h"
#include "flow/step.h"

/* metrics_step - metrics of the handoff that the run lacks, and model_size_bytes */
MUST_CHECK int metrics_step(struct flow *flow, struct text *did, struct fail *f);

#endif
