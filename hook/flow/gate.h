/* gate - what the gates compare: our training, and the version that is Production now.
 */
#ifndef MODELHOOK_FLOW_GATE_H
#define MODELHOOK_FLOW_GATE_H

#include "base/fail.h"
#include "base/text.h"
#include "flow/flow.h"

struct cJSON;

/* flow_gate_check - before anything is sent: every metric that a gate needs is there */
MUST_CHECK int flow_gate_check(struct flow *flow, struct fail *f);

/* flow_gate - decide; the verdict goes onto the version when it is registered (modelhook.gate). A
 * package that passed before (its version has an intent) is not judged again; one that was rejected
 * is, since settings and champion change. Fills flow->version where an earlier attempt registered
 * it. */
MUST_CHECK int flow_gate(struct flow *flow, struct text *did, struct fail *f);

/* flow_gate_samples - the counts in the tag of a champion's samples, how many there are; their keys
 * lie in *tree, and the caller frees both (json_release) */
size_t flow_gate_samples(const char *text, struct cJSON **tree, struct count **samples);

#endif
