/* finish - what run and replay share once there is a package: the flow, its plan, its steps'
 * report.
 */
#ifndef MODELHOOK_COMMAND_FINISH_H
#define MODELHOOK_COMMAND_FINISH_H

#include "base/fail.h"
#include "command/command.h"
#include "flow/flow.h"

/* finish_package - from a package to the one Production version (flow/flow.h) */
MUST_CHECK int finish_package(struct invocation *call, const struct manifest *manifest,
	const char *package, struct fail *f);

/* finish_flow - the same for a flow that was begun, unless result says that it failed already, with
 * f; the flow is released */
MUST_CHECK int finish_flow(struct flow *flow, int result, struct fail *f);

/* finish_take_plan - with --plan: the calls that were not sent go into the result, and to stdout, a
 * line each; with --json into the result alone, which is then all of stdout */
void finish_take_plan(struct invocation *call, const struct plan *plan);

/* finish_add_step - a step that was done since `started`; takes did over */
void finish_add_step(struct invocation *call, const char *name, int64_t started, char *did);

#endif
