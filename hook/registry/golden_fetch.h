/* golden_fetch - the golden requests of a version, from its files: the tag modelhook.golden says
 * which file, {"file": "saved_model/assets.extra/...", "tolerance": 0.001}.
 */
#ifndef MODELHOOK_REGISTRY_GOLDEN_FETCH_H
#define MODELHOOK_REGISTRY_GOLDEN_FETCH_H

#include "base/fail.h"
#include "mlflow/mlflow.h"
#include "mlflow/types.h"
#include "packaging/golden/golden.h"

/* golden_tag_read - the file that the tag names, below the version's files, which the caller frees;
 * NULL: it names none. *tolerance 0: none was stated. */
char *golden_tag_read(const struct version *version, double *tolerance);

/* golden_fetch - into *golden, which is released by the caller whatever the result; none of them
 * where the version has no such tag. *tolerance 0: none was stated. REFUSED where the file is gone,
 * UNACCEPTABLE where it is not whole. */
MUST_CHECK int golden_fetch(struct mlflow *mlflow, const char *model, const struct version *version,
	struct golden *golden, double *tolerance, struct fail *f);

#endif
