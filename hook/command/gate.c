/* gate: decide again, and note the verdict on the version. */
#include <stdlib.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/temp_dir.h"
#include "command/command.h"
#include "command/from_handoff.h"
#include "flow/flow.h"
#include "gate/smoke.h"

/* The package that a gate with a command is tried on; it is kept nowhere. */
static int pack_for_gates(struct invocation *call, const struct manifest *manifest,
	char **directory, char **package, struct fail *f)
{
	const struct settings *settings = &call->settings;
	if (manifest->handoff.logged_model != NULL ||
		!smoke_is_needed(settings->gates, settings->gate_count))
		return 0;
	if (temp_dir_open(directory, f) != 0)
		return -1;
	*package = file_join(*directory, "package.tar.gz");
	int result = from_handoff_pack(call, manifest, *package, true, NULL, f);
	result_set(&call->result.package, NULL);
	return result;
}

static int judge_planned(
	struct invocation *call, struct manifest *manifest, const char *folder, struct fail *f)
{
	struct flow flow = {0};
	char *directory = NULL, *package = NULL;
	(void)folder;
	int result = pack_for_gates(call, manifest, &directory, &package, f);
	if (result == 0)
		result = flow_judge(&flow, call, manifest, package, f);
	flow_release(&flow);
	temp_dir_release(directory);
	free(package);
	return result;
}

int command_gate(struct invocation *call, struct fail *f)
{
	return from_handoff(call, true, judge_planned, f);
}
