/* artifact_fetch - the files of a registered version onto this disk, the very ones that were
 * registered.
 *
 * What a version of ours was registered with is its tag modelhook.content: every byte that was
 * written is compared with it. A version without that tag (one that a script logged itself, or an
 * unmanaged one) must have its MLmodel, and each file the size that its store lists. Files come
 * side by side, a few at once.
 */
#ifndef MODELHOOK_REGISTRY_ARTIFACT_FETCH_H
#define MODELHOOK_REGISTRY_ARTIFACT_FETCH_H

#include "base/fail.h"
#include "mlflow/mlflow.h"
#include "mlflow/types.h"

/* artifact_fetch - all of them below folder, which is made. REFUSED where a file is gone or
 * differs: nothing below folder may be used then, and the caller removes it after any failure.
 * DISK where a file cannot be written. */
MUST_CHECK int artifact_fetch(struct mlflow *mlflow, const char *model,
	const struct version *version, const char *folder, struct fail *f);

#endif
