/* outcome - what came of a hook, as the line that it left says. */
#ifndef MODELHOOK_COMMAND_OUTCOME_H
#define MODELHOOK_COMMAND_OUTCOME_H

#include <stddef.h>

#include "base/fail.h"
#include "base/text.h"

/* outcome_read - the exit status in a kept line, and the line again in canonical form, added to
 * line. UNACCEPTABLE where schema, outcome, model or run are none of modelhook's, or not those of
 * run_id (NULL: of any run). */
MUST_CHECK int outcome_read(const struct text *kept, const char *run_id, enum status *status,
	struct text *line, struct fail *f);

#endif
