/* smoke - the gate that loads the model as a consumer would: a command of the user's, run on the
 * packed model, unpacked to a private temporary folder.
 *
 *   {"command": ["python3", "smoke.py", "{model}"], "timeout": "2m", "memory": "4G"}
 *
 * "{model}" stands for the folder with MLmodel in it. How the command runs, and within which
 * limits: sandbox/user_command.h. Exit status 0 passes; any other end rejects. Its last lines go to
 * stderr and into the verdict's detail.
 */
#ifndef MODELHOOK_GATE_SMOKE_H
#define MODELHOOK_GATE_SMOKE_H

#include "base/fail.h"
#include "gate/types.h"
#include "packaging/package/manifest.h"

#define PLACEHOLDER_MODEL "{model}"

bool smoke_is_needed(const struct gate *gates, size_t count);

/* smoke_try - run the command of every smoke rule; trials: what came of each, to be released by
 * smoke_release whatever the result. CONFIGURATION where a command or its script is missing, or
 * where the model was logged by the training script, so that no package holds it. */
MUST_CHECK int smoke_try(const struct gate *gates, size_t count, const char *package,
	const struct manifest *manifest, struct gate_trials *trials, struct fail *f);
void smoke_release(struct gate_trials *trials);

#endif
