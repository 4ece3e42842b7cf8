/* artifact_text - one small file of a registered version, read into memory.
 */
#ifndef MODELHOOK_REGISTRY_ARTIFACT_TEXT_H
#define MODELHOOK_REGISTRY_ARTIFACT_TEXT_H

#include "base/fail.h"
#include "base/text.h"
#include "mlflow/mlflow.h"
#include "mlflow/types.h"

struct artifact_wanted {
	const char *path; /* below the version's files */
	size_t max;	  /* bytes */
};

/* artifact_text - the file into text, which is cleared; REFUSED where it is not there, or larger
 * than wanted->max. */
MUST_CHECK int artifact_text(struct mlflow *mlflow, const char *model,
	const struct version *version, const struct artifact_wanted *wanted, struct text *text,
	struct fail *f);

#endif
