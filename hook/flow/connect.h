/* connect - the session of a call: to the servers that its settings name.
 */
#ifndef MODELHOOK_FLOW_CONNECT_H
#define MODELHOOK_FLOW_CONNECT_H

#include "base/fail.h"
#include "invocation/invocation.h"
#include "mlflow/session.h"

/* connect_session - CONFIGURATION where no usable server is set, else as session_open; nothing is
 * sent yet. Whatever the result, the session can be released; it borrows from call. */
MUST_CHECK int connect_session(struct session *session, struct invocation *call, struct fail *f);

#endif
