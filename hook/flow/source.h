/* source - where the version's files are: uploaded by us, or logged by the training script
 * itself.
 */
#ifndef MODELHOOK_FLOW_SOURCE_H
#define MODELHOOK_FLOW_SOURCE_H

#include "base/fail.h"
#include "base/text.h"
#include "flow/flow.h"

/* flow_find_source - fill flow->source, model_id and digest. A package is uploaded and proven; a
 * model that the script logged is looked for in the run's artifacts (MLflow 2), then among the
 * run's LoggedModels (MLflow 3). */
MUST_CHECK int flow_find_source(struct flow *flow, struct text *did, struct fail *f);

/* flow_open_upload - the run's artifacts, for a package; flow_find_source does it where it was not
 * done */
MUST_CHECK int flow_open_upload(struct flow *flow, struct fail *f);

/* flow_log_metrics - metrics of the handoff that the run lacks, and model_size_bytes */
MUST_CHECK int flow_log_metrics(struct flow *flow, struct text *did, struct fail *f);

#endif
