/* signals - SIGTERM and SIGINT ask for a stop; base/stop.h acts on it between two steps.
 *
 * The handler notes the signal and writes a byte to a pipe. A second signal ends the process at
 * once. SIGPIPE and SIGXFSZ are ignored: a closed pipe and a file size limit are errors of the
 * write, and are reported as such.
 */
#ifndef MODELHOOK_BASE_SIGNALS_H
#define MODELHOOK_BASE_SIGNALS_H

void signals_install(void);

/* signals_end_with_parent - from now on, the end of the process that started this one, however it
 * ended, is as good as SIGTERM; to be exact, the end of the thread that did */
void signals_end_with_parent(void);

/* signals_fd - readable once a stop was asked for; -1 before signals_install */
int signals_fd(void);

/* signals_asked - the signal that asked for a stop, or 0 */
int signals_asked(void);

/* signals_forget - no stop is asked for any more; a further signal ends the process at once */
void signals_forget(void);

#endif
