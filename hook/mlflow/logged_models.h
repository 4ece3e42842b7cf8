/* logged_models - LoggedModels, which MLflow 3 keeps beside the runs.
 */
#ifndef MODELHOOK_MLFLOW_LOGGED_MODELS_H
#define MODELHOOK_MLFLOW_LOGGED_MODELS_H

#include "base/fail.h"
#include "mlflow/mlflow.h"
#include "mlflow/types.h"

/* mlflow_search_logged_models - the LoggedModels of that name and source run, newest first; none on
 * a server without them */
MUST_CHECK int mlflow_search_logged_models(struct mlflow *m, const char *experiment_id,
	const char *name, const char *run_id, struct logged_models *models, struct fail *f);

/* mlflow_get_logged_model - the one of that id ("m-..."); *found false where there is none, or the
 * server has no LoggedModels */
MUST_CHECK int mlflow_get_logged_model(
	struct mlflow *m, const char *id, struct logged_model *model, bool *found, struct fail *f);

#endif
