/* source - where the version's files are: uploaded by us, or logged by the training script
 * itself.
 */
#ifndef MODELHOOK_FLOW_SOURCE_H
#define MODELHOOK_FLOW_SOURCE_H

#include "base/fail.h"
#include "base/text.h"
#include "flow/step.h"

/* source_step - fill flow->source, model_id and digest. A package is uploaded and verified; a
 * model that the script logged is looked for in the run's artifacts (MLflow 2), then among the
 * run's LoggedModels (MLflow 3). */
MUST_CHECK int source_step(struct flow *flow, struct text *did, struct fail *f);

/* source_open_upload - the run's artifacts, for a package; source_step does it where it was not
 * done */
MUST_CHECK int source_open_upload(struct flow *flow, struct fail *f);

/* source_step_if_logged - the same, but nothing is uploaded */
MUST_CHECK int source_step_if_logged(struct flow *flow, struct text *did, struct fail *f);

#endif
