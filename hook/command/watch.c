/* watch: beside a service, keep a directory filled with the version in Production. */
#include "watch/watch.h"

#include <limits.h>

#include "base/fail.h"
#include "command/command.h"
#include "command/operator.h"
#include "deploy/publish.h"
#include "invocation/result.h"
#include "watch/tell.h"

#define EVERY_LEAST_MS 100

static int check(const struct watch_options *options, struct fail *f)
{
	if (options->into == NULL) {
		fail_set(f, STATUS_USAGE, "watch: no directory is given");
		return fail_hint(f, "modelhook watch MODEL --into DIRECTORY");
	}
	if (options->keep < PUBLISH_KEEP_LEAST || options->keep > PUBLISH_KEEP_MOST)
		return fail_set(f, STATUS_USAGE, "--keep is a number from %d to %d",
			PUBLISH_KEEP_LEAST, PUBLISH_KEEP_MOST);
	if (options->every_ms < EVERY_LEAST_MS || options->every_ms > INT_MAX)
		return fail_set(f, STATUS_USAGE, "--every is a time from 100ms to 24d");
	return tell_check(options, f);
}

int command_watch(struct invocation *call, struct fail *f)
{
	result_set(&call->result.model, call->argv[0]);
	if (operator_check_model(call->argv[0], f) != 0 || invocation_settle_here(call, f) != 0 ||
		check(&call->settings.watch, f) != 0)
		return -1;
	return watch_run(call, call->argv[0], f);
}
