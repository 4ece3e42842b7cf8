#include "flow/step.h"

void step_record(struct flow *flow, const char *name, int64_t ms, const struct text *did)
{
	invocation_add_step(flow->call, name, ms, text_string(did));
}
