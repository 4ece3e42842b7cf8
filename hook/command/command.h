/* command - the commands of the command line: a row each in main's table, a file each here.
 *
 * A function returns 0 with result.status PROMOTED (it went well) or HELD, or -1 with f filled. It
 * prints what was asked for to stdout; messages go to stderr; main prints the error and the result
 * line. call->argv are the arguments that are named here, as many as main's table says.
 */
#ifndef MODELHOOK_COMMAND_COMMAND_H
#define MODELHOOK_COMMAND_COMMAND_H

#include "base/fail.h"
#include "invocation/invocation.h"

MUST_CHECK int command_run(struct invocation *call, struct fail *f);	  /* HANDOFF */
MUST_CHECK int command_replay(struct invocation *call, struct fail *f);	  /* [PACKAGE] */
MUST_CHECK int command_outcome(struct invocation *call, struct fail *f);  /* [RESULT] */
MUST_CHECK int command_pack(struct invocation *call, struct fail *f);	  /* HANDOFF */
MUST_CHECK int command_inspect(struct invocation *call, struct fail *f);  /* SAVED_MODEL|PACKAGE */
MUST_CHECK int command_gate(struct invocation *call, struct fail *f);	  /* HANDOFF */
MUST_CHECK int command_status(struct invocation *call, struct fail *f);	  /* [MODEL...] */
MUST_CHECK int command_versions(struct invocation *call, struct fail *f); /* MODEL */
MUST_CHECK int command_history(struct invocation *call, struct fail *f);  /* MODEL */
MUST_CHECK int command_served(struct invocation *call, struct fail *f);	  /* MODEL */
MUST_CHECK int command_promote(struct invocation *call, struct fail *f);  /* MODEL VERSION */
MUST_CHECK int command_rollback(struct invocation *call, struct fail *f); /* MODEL */
MUST_CHECK int command_repair(struct invocation *call, struct fail *f);	  /* [MODEL] */
MUST_CHECK int command_archive(struct invocation *call, struct fail *f);  /* MODEL VERSION */
MUST_CHECK int command_tag(
	struct invocation *call, struct fail *f); /* MODEL VERSION KEY=VALUE... */
MUST_CHECK int command_describe(struct invocation *call, struct fail *f); /* MODEL VERSION TEXT */
MUST_CHECK int command_delete(struct invocation *call, struct fail *f);	  /* MODEL VERSION */
MUST_CHECK int command_check(struct invocation *call, struct fail *f);	  /* [HANDOFF] */
MUST_CHECK int command_watch(struct invocation *call, struct fail *f);	  /* MODEL */
MUST_CHECK int command_doctor(struct invocation *call, struct fail *f);

#endif
