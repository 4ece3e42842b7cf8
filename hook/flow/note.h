/* note - the step that ends a flow which decides only: the verdict as a tag of the version.
 */
#ifndef MODELHOOK_FLOW_NOTE_H
#define MODELHOOK_FLOW_NOTE_H

#include "base/fail.h"
#include "base/text.h"
#include "flow/step.h"

/* note_step - REFUSED where the package is not registered; nothing is written with --what-if */
MUST_CHECK int note_step(struct flow *flow, struct text *did, struct fail *f);

#endif
