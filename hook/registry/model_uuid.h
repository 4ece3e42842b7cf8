/* model_uuid - the identity that MLmodel gives a model: what a process that loaded it can tell.
 */
#ifndef MODELHOOK_REGISTRY_MODEL_UUID_H
#define MODELHOOK_REGISTRY_MODEL_UUID_H

#include "base/fail.h"
#include "mlflow/mlflow.h"
#include "mlflow/types.h"

/* model_uuid_read - that of a version, from its MLmodel; the caller frees *uuid, which is NULL
 * where it has none */
MUST_CHECK int model_uuid_read(struct mlflow *mlflow, const char *model,
	const struct version *version, char **uuid, struct fail *f);

/* model_uuid_find - the same in the text of an MLmodel: a line of its own at the top level */
char *model_uuid_find(const char *mlmodel);

#endif
