/* replay - every golden request, asked again at every replica.
 */
#ifndef MODELHOOK_SERVED_REPLAY_H
#define MODELHOOK_SERVED_REPLAY_H

#include "base/fail.h"
#include "base/text.h"
#include "served/latency.h"
#include "served/types.h"

/* served_replay - call->golden, until one is not answered as recorded: why says which, at which
 * replica, and how its answer differs; it stays empty where all are. -1 only where a stop was asked
 * for, the requests cannot be read, or the settings cannot work. */
MUST_CHECK int served_replay(const struct served *served, const struct served_call *call,
	struct served_samples *samples, struct text *why, struct fail *f);

#endif
