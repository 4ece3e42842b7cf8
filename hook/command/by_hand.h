/* by_hand - what promote, rollback, archive, tag, describe and delete have in common: they check
 * the command line, open the model, find a version, act on it, and say what came of it.
 */
#ifndef MODELHOOK_COMMAND_BY_HAND_H
#define MODELHOOK_COMMAND_BY_HAND_H

#include "base/fail.h"
#include "base/text.h"
#include "command/operator.h"

/* by_hand_check - what the command line alone can tell to be wrong, before a server is asked */
typedef int by_hand_check(const struct invocation *call, struct fail *f);

/* by_hand_function - what a command does once the model is open and its version found; `did` is
 * printed */
typedef int by_hand_function(struct operator* operator, const struct version * version,
	struct text *did, struct fail *f);

/* by_hand_call - all of it. version: as the command line names it, or NULL. */
MUST_CHECK int by_hand_call(struct invocation *call, by_hand_check *check, const char *version,
	by_hand_function *function, struct fail *f);

/* by_hand_check_version - that the second argument names a version */
MUST_CHECK int by_hand_check_version(const struct invocation *call, struct fail *f);

/* by_hand_is - "is", or with --plan "would be" */
const char *by_hand_is(const struct operator* operator);

/* by_hand_show_state - what the registry says of this version, in the result */
void by_hand_show_state(struct operator* operator, int64_t number);

/* by_hand_deliver - where the settings say how: the service loads the version that is Production
 * now, in place of result.previous_version, and is seen serving it (flow/deliver.h). keeps: a
 * version that is not served stays. */
MUST_CHECK int by_hand_deliver(
	struct operator* operator, int64_t winner, bool keeps, struct fail *f);

/* by_hand_show_winner - who is Production, and why not the wanted version, in the result and did;
 * done: the outcome where it is the wanted one */
void by_hand_show_winner(struct operator* operator, const char * done, int64_t wanted,
	int64_t winner, struct text *did);

#endif
