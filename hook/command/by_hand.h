/* by_hand - the verbs promote, rollback, archive, tag, describe and delete, history and
 * repair (see command/command.h).
 */
#ifndef MODELHOOK_COMMAND_BY_HAND_H
#define MODELHOOK_COMMAND_BY_HAND_H

#include "base/fail.h"
#include "command/command.h"

MUST_CHECK int command_promote(struct invocation *call, struct fail *f);  /* MODEL VERSION */
MUST_CHECK int command_rollback(struct invocation *call, struct fail *f); /* MODEL */
MUST_CHECK int command_archive(struct invocation *call, struct fail *f);  /* MODEL VERSION */
MUST_CHECK int command_tag(
	struct invocation *call, struct fail *f); /* MODEL VERSION KEY=VALUE... */
MUST_CHECK int command_describe(struct invocation *call, struct fail *f); /* MODEL VERSION TEXT */
MUST_CHECK int command_delete(struct invocation *call, struct fail *f);	  /* MODEL VERSION */
MUST_CHECK int command_history(struct invocation *call, struct fail *f);  /* MODEL */
MUST_CHECK int command_repair(struct invocation *call, struct fail *f);	  /* [MODEL] */

#endif
