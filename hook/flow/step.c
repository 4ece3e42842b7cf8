#include "flow/step.h"

#include "base/console.h"

void step_record(struct flow *flow, const char *name, int64_t ms, const struct text *did)
{
	console_say("%-8s %s (%lld ms)", name, text_string(did), (long long)ms);
	result_add_step(&flow->call->result, name, ms, text_string(did));
}
