/* stop - the loops and waits of the work end when a signal asked for a stop (base/signals.h), or
 * when the deadline of the command is over.
 */
#ifndef MODELHOOK_BASE_STOP_H
#define MODELHOOK_BASE_STOP_H

#include <stdint.h>

#include "base/clock.h"
#include "base/fail.h"

/* stop_check - 0 while nobody asked, else -1 with TERMINATED or INTERRUPTED */
MUST_CHECK int stop_check(struct fail *f);

/* stop_limit - from that moment on stop_or_late ends local work too; there is none before this call
 */
void stop_limit(struct deadline deadline);

/* stop_left - ms until that moment, CLOCK_FOREVER where there is none */
int64_t stop_left(void);

/* stop_or_late - as stop_check, and LATER where the moment of stop_limit is over: for loops over
 * local bytes, which no request bounds */
MUST_CHECK int stop_or_late(struct fail *f);

/* stop_farewell - what was asked for is heeded: what is still to be said may be said until then; a
 * further signal ends the process at once */
void stop_farewell(struct deadline deadline);

/* stop_sleep - wait ms milliseconds or until a stop is asked for; returns as stop_check */
MUST_CHECK int stop_sleep(int64_t ms, struct fail *f);

#endif
