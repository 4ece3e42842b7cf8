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

/* struct finish_plan - what a plan is told from; all borrowed */
struct finish_plan {
	const struct plan *plan;
	const struct registry *registry; /* of the model, with what was planned; or NULL */
	size_t files;			 /* that would be uploaded */
	uint64_t bytes;			 /* of them */
	bool failed;			 /* the plan ends with an error, which is told instead */
};

/* finish_take_plan - with --plan: the outcome becomes "planned", and what it would have been goes
 * beside it; what would change is told in one line. The calls that were not sent go into the
 * result, and with --verbose to stdout, a line each. Without --plan nothing happens. */
void finish_take_plan(struct invocation *call, const struct finish_plan *told);

/* finish_add_step - a step that was done since `started`; takes did over */
void finish_add_step(struct invocation *call, const char *name, int64_t started, char *did);

#endif
