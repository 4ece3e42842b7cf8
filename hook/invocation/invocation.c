#include "invocation/invocation.h"

#include "base/console.h"
#include "base/fail.h"
#include "base/signals.h"
#include "base/stop.h"
#include "store/options.h"

int invocation_settle(struct invocation *call, const char *folder, struct fail *f)
{
	if (settings_read_rest(&call->settings, folder, f) != 0)
		return -1;
	if (call->settings.end_with_parent)
		signals_end_with_parent();
	if (call->settings.deadline_ms > 0)
		call->deadline = deadline_in(call->settings.deadline_ms);
	stop_limit(call->deadline);
	return 0;
}

void invocation_add_step(struct invocation *call, const char *name, int64_t ms, const char *did)
{
	console_say("%-8s %s (%lld ms)", name, did, (long long)ms);
	result_add_step(&call->result, name, ms, did);
}

struct store_reach invocation_reach(const struct invocation *call)
{
	return (struct store_reach){
		.http = &call->settings.http,
		.store = &call->settings.store,
		.deadline = call->deadline,
	};
}

int invocation_settle_here(struct invocation *call, struct fail *f)
{
	if (invocation_settle(call, ".", f) != 0)
		return -1;
	if (call->settings.file_beside != NULL)
		console_say("settings %s", call->settings.file_beside);
	return 0;
}

const char *invocation_word(const struct invocation *call, const char *done, const char *planned)
{
	return call->settings.mlflow.plan ? planned : done;
}
