/* stop - SIGTERM and SIGINT asked for between two steps of the work, never acted on inside a
 * handler.
 *
 * The handler notes the signal and writes a byte to a pipe; loops ask stop_check, waits poll
 * stop_fd. A second signal ends the process at once. SIGPIPE and SIGXFSZ are ignored: a closed pipe
 * and a file size limit are errors of the write, and are reported as such.
 */
#ifndef MODELHOOK_BASE_STOP_H
#define MODELHOOK_BASE_STOP_H

#include <stdint.h>

#include "base/clock.h"
#include "base/fail.h"

void stop_install(void);

/* stop_with_parent - from now on, the end of the process that started this one, however it ended,
 * is as good as SIGTERM; to be exact, the end of the thread that did */
void stop_with_parent(void);

/* stop_fd - readable from the moment a stop was asked for; -1 before stop_install */
int stop_fd(void);

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
