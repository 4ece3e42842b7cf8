/* deploy - reload the service after a promotion, by every target of "deploy" in order.
 */
#ifndef MODELHOOK_DEPLOY_DEPLOY_H
#define MODELHOOK_DEPLOY_DEPLOY_H

#include <stddef.h>

#include "base/fail.h"
#include "base/text.h"
#include "deploy/types.h"

/* deploy_reload - one target, within its timeout and call->deadline, unless it is served already;
 * `did` tells what was done. With the target's name in front of a failure, which is NOT_SERVED
 * where it is permanent, because the version is in Production by now, and LATER where the time of
 * the whole command is over; one that may pass keeps its status. */
MUST_CHECK int deploy_reload(const struct deploy_target *target, const struct deploy_call *call,
	struct text *did, struct fail *f);

#endif
