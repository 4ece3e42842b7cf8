/* round - every replica is asked once, side by side, which version it serves.
 */
#ifndef MODELHOOK_SERVED_ROUND_H
#define MODELHOOK_SERVED_ROUND_H

#include "base/fail.h"
#include "base/text.h"
#include "served/types.h"

/* served_round_ask - each request within served->request_timeout_ms and call->deploy.deadline. A
 * replica that does not answer is one that was seen with a problem; -1 only where a stop was asked
 * for, or the settings cannot work. */
MUST_CHECK int served_round_ask(const struct served *served, const struct served_call *call,
	struct served_round *round, struct fail *f);
void served_round_release(struct served_round *round);

/* served_round_problem - the first replica that is no proof, or NULL: all are */
const struct served_seen *served_round_problem(const struct served_round *round);

/* served_round_describe - what each replica serves, in few words: "version 4 on 3 replicas", or
 * "version 4 on 2 replicas; http://10.0.0.3:8080: HTTP 503" */
void served_round_describe(
	const struct served *served, const struct served_round *round, struct text *text);

#endif
