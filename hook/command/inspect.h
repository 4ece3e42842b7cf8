/* inspect - `inspect SAVED_MODEL|PACKAGE`: what is in it, and whether it is whole.
 *
 * To stdout, for people in 80 columns or as one JSON object (modelhook/inspection@1). The verdict
 * is saved_model_check's: UNACCEPTABLE where the model must not be promoted.
 */
#ifndef MODELHOOK_COMMAND_INSPECT_H
#define MODELHOOK_COMMAND_INSPECT_H

#include <stdbool.h>

#include "base/fail.h"

#define INSPECTION_SCHEMA "modelhook/inspection@1"

MUST_CHECK int command_inspect(const char *path, bool json, bool allow_nonfinite, struct fail *f);

#endif
