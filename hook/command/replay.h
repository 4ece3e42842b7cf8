/* replay - a verb of the command line (command/command.h) */
#ifndef MODELHOOK_COMMAND_REPLAY_H
#define MODELHOOK_COMMAND_REPLAY_H

#include "base/fail.h"
#include "command/command.h"

MUST_CHECK int command_replay(struct invocation *call, struct fail *f);
MUST_CHECK int command_outcome(struct invocation *call, struct fail *f);

#endif
