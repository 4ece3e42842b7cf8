/* all_versions - every version of every model in few calls: what `status` of a whole registry
 * needs.
 *
 * model-versions/search without a filter, by name, in pages, from both ends of the alphabet at
 * once, by two threads, so that two workers of a server are busy, until the two ends meet. Memory
 * is that of two pages, whatever the size of the registry. Pages are counted by offset: a version
 * that is deleted meanwhile can hide another; one that is added only shows some twice, which is
 * corrected here.
 */
#ifndef MODELHOOK_MLFLOW_ALL_VERSIONS_H
#define MODELHOOK_MLFLOW_ALL_VERSIONS_H

#include "base/fail.h"
#include "mlflow/mlflow.h"
#include "mlflow/types.h"

/* Is given all versions of one model, sorted by number; m is for what it asks itself. It is called
 * by two threads, never by both at once. Seldom, when models come and go meanwhile, a model is
 * given twice. */
typedef int mlflow_model_function(
	void *context, struct mlflow *m, const struct versions *versions, struct fail *f);

/* mlflow_all_versions - *supported false: this server (MLflow 1) searches the versions of one model
 * only, and nothing was given */
MUST_CHECK int mlflow_all_versions(struct mlflow *m, mlflow_model_function *each, void *context,
	bool *supported, struct fail *f);

#endif
