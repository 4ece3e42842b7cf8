/* runs - a run and its experiment: what is in the run, its tags and metrics, where its artifacts
 * are.
 */
#ifndef MODELHOOK_MLFLOW_RUNS_H
#define MODELHOOK_MLFLOW_RUNS_H

#include "base/fail.h"
#include "base/pair.h"
#include "mlflow/mlflow.h"
#include "mlflow/types.h"

/* mlflow_get_artifact_location - where the runs of an experiment keep their artifacts; named:
 * wanted is its name, else its id. The caller frees it. */
MUST_CHECK int mlflow_get_artifact_location(struct mlflow *m, bool named, const char *wanted,
	char **location, bool *found, struct fail *f);
MUST_CHECK int mlflow_get_run(
	struct mlflow *m, const char *run_id, struct run *run, bool *found, struct fail *f);
MUST_CHECK int mlflow_log_metrics(struct mlflow *m, const char *run_id,
	const struct metric *metrics, size_t count, int64_t at_ms, struct fail *f);
MUST_CHECK int mlflow_set_run_tag(
	struct mlflow *m, const char *run_id, const char *key, const char *value, struct fail *f);
/* mlflow_delete_run_tag - its not being there is fine */
MUST_CHECK int mlflow_delete_run_tag(
	struct mlflow *m, const char *run_id, const char *key, struct fail *f);

#endif
