/* invocation - one call of the program: its settings, its arguments, and what came of it.
 */
#ifndef MODELHOOK_INVOCATION_INVOCATION_H
#define MODELHOOK_INVOCATION_INVOCATION_H

#include "base/clock.h"
#include "base/fail.h"
#include "invocation/result.h"
#include "settings/settings.h"
#include "store/options.h"

/* struct invocation - owns settings and result */
struct invocation {
	struct settings settings;
	struct result result;
	struct deadline deadline;
	int argc; /* the command's arguments, flags taken out */
	char **argv;
	bool had_package; /* replay read one, so that its result tells of a training */
};

/* invocation_settle - read the settings that no flag gave, with modelhook.json looked for in
 * folder, and start the deadline */
MUST_CHECK int invocation_settle(struct invocation *call, const char *folder, struct fail *f);

/* invocation_settle_here - the same in the working directory, for a person, who is told of the file
 * that was found there */
MUST_CHECK int invocation_settle_here(struct invocation *call, struct fail *f);

/* invocation_add_step - a step that was done, for people and in the result; name is borrowed until
 * the result is printed */
void invocation_add_step(struct invocation *call, const char *name, int64_t ms, const char *did);

/* invocation_word - how something is told that was done, or with --plan would be */
const char *invocation_word(const struct invocation *call, const char *done, const char *planned);

/* invocation_reach - how stores are reached that no MLflow server names; borrows from call */
struct store_reach invocation_reach(const struct invocation *call);

#endif
