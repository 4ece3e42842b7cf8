/* connect - the servers that the settings name: the session of a call, and the first step of a
 * flow.
 */
#ifndef MODELHOOK_FLOW_CONNECT_H
#define MODELHOOK_FLOW_CONNECT_H

#include "base/fail.h"
#include "base/text.h"
#include "flow/step.h"

/* connect_session - CONFIGURATION where no usable server is set, else as session_open; nothing is
 * sent yet. Whatever the result, the session can be released; it borrows from call. */
MUST_CHECK int connect_session(struct session *session, struct invocation *call, struct fail *f);

/* connect_run - after connect_session: the run of the handoff is there, and its model was not
 * trained in the future */
MUST_CHECK int connect_run(struct flow *flow, struct fail *f);

/* connect_registry - after connect_session: the registry answers, and would take the model's name
 */
MUST_CHECK int connect_registry(struct flow *flow, struct fail *f);

/* connect_step - the run is there, and what the gates will need; nothing is written */
MUST_CHECK int connect_step(struct flow *flow, struct text *did, struct fail *f);

#endif
