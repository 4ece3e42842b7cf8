/* smoke - the gate that loads the model as a consumer would: a command of the user's, run on the
 * packed model, unpacked to a private temporary folder.
 *
 *   {"command": ["python3", "smoke.py", "{model}"], "timeout": "2m", "memory": "4G"}
 *
 * "{model}" stands for the folder with MLmodel in it. The command runs in the folder of
 * modelhook.json (a package's settings: the working directory), within limits and with nothing left
 * of it (gate/sandbox.h); without a word about them 2 minutes, any memory, 256 processes. Exit
 * status 0 passes; any other end rejects. Its last lines go to stderr and into the verdict's
 * detail. Of our variables it gets what an interpreter and TensorFlow need (env_for_command), and
 * those that it names: "environment": ["NAME"]; its home is an empty directory of its own.
 */
#ifndef MODELHOOK_GATE_SMOKE_H
#define MODELHOOK_GATE_SMOKE_H

#include "base/fail.h"
#include "gate/types.h"
#include "packaging/package/manifest.h"

bool smoke_is_needed(const struct gate *gates, size_t count);

/* smoke_try - run the command of every smoke rule; trials: what came of each, to be released by
 * smoke_release whatever the result. CONFIGURATION where a command or its script is missing, or
 * where the model was logged by the training script, so that no package holds it. */
MUST_CHECK int smoke_try(const struct gate *gates, size_t count, const char *package,
	const struct manifest *manifest, struct gate_trials *trials, struct fail *f);
void smoke_release(struct gate_trials *trials);

#endif
