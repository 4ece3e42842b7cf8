/* process_signal - a signal to the process that a PID file names, which makes it load the model
 * anew.
 *
 * Written "[NAME:]PIDFILE", such as "HUP:/run/fish-api.pid"; without a name SIGHUP is meant.
 */
#ifndef MODELHOOK_WATCH_PROCESS_SIGNAL_H
#define MODELHOOK_WATCH_PROCESS_SIGNAL_H

#include "base/fail.h"

/* process_signal_check - USAGE where the text is none */
MUST_CHECK int process_signal_check(const char *text, struct fail *f);

/* process_signal_send - LATER where the file or the process is missing, or where the process does
 * not catch the signal: it would end of it, since the number is another process's by now or the
 * service is still starting. DENIED where it is another user's. */
MUST_CHECK int process_signal_send(const char *text, struct fail *f);

#endif
