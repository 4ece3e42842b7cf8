/* command_pack - the verb `pack`: a handoff and its SavedModel into one package, and nothing else.
 */
#ifndef MODELHOOK_COMMAND_PACK_H
#define MODELHOOK_COMMAND_PACK_H

#include <stdbool.h>

#include "base/fail.h"

/* command_pack - read the handoff, inspect its SavedModel, write the package to `out`; where that
 * is a folder, into it under the package's own name. Prints the package's path to stdout, and what
 * it holds to stderr. */
MUST_CHECK int command_pack(
	const char *handoff, const char *out, bool allow_nonfinite, struct fail *f);

#endif
