/* verdict - what the gates said of a version, as its tag modelhook.gate keeps it.
 *
 * {"verdict": "passed"|"rejected", "at", "gates": [{"name", "verdict", "detail"}],
 *  "override": {"why", "by"}}
 */
#ifndef MODELHOOK_FLOW_VERDICT_H
#define MODELHOOK_FLOW_VERDICT_H

#include "base/text.h"
#include "flow/step.h"

/* verdict_text - for the tag, of what was decided now; the details of very many gates stay in the
 * result alone. The caller frees it. */
char *verdict_text(const struct flow *flow);

/* verdict_describe - what an earlier attempt at this package was told, whose version may be
 * Production since */
void verdict_describe(const struct version *version, struct text *did);

#endif
