/* outcome - what came of a hook, as the line that it left says. */
#ifndef MODELHOOK_COMMAND_OUTCOME_H
#define MODELHOOK_COMMAND_OUTCOME_H

#include <stddef.h>

#include "base/text.h"

/* outcome_read - the exit status in a kept line, and the line again in canonical form, added to
 * line; UNACCEPTABLE where it is none of modelhook's */
MUST_CHECK int outcome_read(
	const char *kept, size_t size, enum status *status, struct text *line, struct fail *f);

#endif
