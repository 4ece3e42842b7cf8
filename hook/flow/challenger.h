/* challenger - the numbers of our own training, for the gates.
 */
#ifndef MODELHOOK_FLOW_CHALLENGER_H
#define MODELHOOK_FLOW_CHALLENGER_H

#include "base/fail.h"
#include "flow/step.h"
#include "gate/side.h"

/* challenger_metrics - the handoff's first, then what is measured, then the run's. The caller frees
 * them; the keys are borrowed. */
struct metric *challenger_metrics(const struct flow *flow, size_t *count);

/* challenger_side - with these metrics; borrows them, and the manifest */
struct gate_side challenger_side(
	const struct flow *flow, const struct metric *metrics, size_t count);

/* challenger_check - before anything is sent: every metric that a gate needs is there */
MUST_CHECK int challenger_check(struct flow *flow, struct fail *f);

#endif
