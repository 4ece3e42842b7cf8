/* command - one verb of the command line: a row in main's table, a function here.
 *
 * A function returns 0 with result.status PROMOTED (it went well) or HELD, or -1 with f filled. It
 * prints what was asked for to stdout; messages go to stderr; main prints the error and the result
 * line.
 */
#ifndef MODELHOOK_COMMAND_COMMAND_H
#define MODELHOOK_COMMAND_COMMAND_H

#include "base/fail.h"
#include "invocation/invocation.h"

MUST_CHECK int command_run(struct invocation *call, struct fail *f);
MUST_CHECK int command_pack(struct invocation *call, struct fail *f);
MUST_CHECK int command_gate(struct invocation *call, struct fail *f);
MUST_CHECK int command_status(struct invocation *call, struct fail *f);
MUST_CHECK int command_doctor(struct invocation *call, struct fail *f);

#endif
