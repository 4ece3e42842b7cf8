/* deploy - reload the service after a promotion, by every target of "deploy" in order.
 */
#ifndef MODELHOOK_DEPLOY_DEPLOY_H
#define MODELHOOK_DEPLOY_DEPLOY_H

#include <stddef.h>

#include "base/fail.h"
#include "base/text.h"
#include "deploy/types.h"

/* deploy_reload - one target, within its timeout and call->deadline; `did` tells what was done.
 * What may succeed later keeps its status, everything else is NOT_SERVED; the message has the
 * target's name in front. */
MUST_CHECK int deploy_reload(const struct deploy_target *target, const struct deploy_call *call,
	struct text *did, struct fail *f);

#endif
