/* command - one verb of the command line: a row in main's table, a function here.
 *
 * A function returns 0 with result.status PROMOTED (it went well) or HELD, or -1 with f filled. It
 * prints what was asked for to stdout; messages go to stderr; main prints the error and the result
 * line.
 */
#ifndef MODELHOOK_COMMAND_COMMAND_H
#define MODELHOOK_COMMAND_COMMAND_H

#include "base/clock.h"
#include "invocation/result.h"
#include "settings/settings.h"

/* struct invocation - one call of the program; owns settings and result */
struct invocation {
	struct settings settings;
	struct result result;
	struct deadline deadline;
	int argc; /* the command's arguments, flags taken out */
	char **argv;
	bool had_package; /* replay read one, so that its result tells of a training */
};

MUST_CHECK int command_run(struct invocation *call, struct fail *f);
MUST_CHECK int command_pack(struct invocation *call, struct fail *f);
MUST_CHECK int command_gate(struct invocation *call, struct fail *f);
MUST_CHECK int command_status(struct invocation *call, struct fail *f);
MUST_CHECK int command_doctor(struct invocation *call, struct fail *f);

/* invocation_settle - read the settings that no flag gave, with modelhook.json looked for in
 * folder, and start the deadline */
MUST_CHECK int invocation_settle(struct invocation *call, const char *folder, struct fail *f);

#endif
