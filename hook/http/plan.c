#include "http/plan.h"

#include <string.h>

#include "base/escape.h"

void plan_add(struct plan *plan, const char *method, const char *path, const char *more)
{
	text_printf(&plan->calls, "%s ", method);
	escape_add(&plan->calls, path, strlen(path));
	text_add_string(&plan->calls, " ");
	escape_add(&plan->calls, more, strlen(more));
	text_add_string(&plan->calls, "\n");
	plan->count++;
}
