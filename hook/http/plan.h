/* plan - the writes that were not sent, a line each: "POST model-versions/create {...}".
 *
 * Owns the text; a zeroed one is empty.
 */
#ifndef MODELHOOK_HTTP_PLAN_H
#define MODELHOOK_HTTP_PLAN_H

#include "base/text.h"

struct plan {
	struct text calls;
	size_t count;
};

/* plan_add - one more write that was not sent; `more` says with what */
void plan_add(struct plan *plan, const char *method, const char *path, const char *more);

#endif
