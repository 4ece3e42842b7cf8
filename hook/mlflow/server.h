/* server - which server answers, and what it can do.
 */
#ifndef MODELHOOK_MLFLOW_SERVER_H
#define MODELHOOK_MLFLOW_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fail.h"
#include "mlflow/mlflow.h"

/* mlflow_greet - ask whether an MLflow server answers there: GET /version (absent before 2), else
 * the API itself. *server is its version or "" where it does not say; the caller frees it.
 * *skew_ms: its clock minus ours, by the Date header (0 where absent). */
MUST_CHECK int mlflow_greet(struct mlflow *m, char **server, int64_t *skew_ms, struct fail *f);
/* mlflow_has_feature - what server-info says of `key`; false where it says nothing, or the server
 * has no such call (before 3) */
MUST_CHECK int mlflow_has_feature(struct mlflow *m, const char *key, bool *has, struct fail *f);
/* mlflow_has_features - the same for `count` keys in one call */
MUST_CHECK int mlflow_has_features(
	struct mlflow *m, const char *const *keys, size_t count, bool *has, struct fail *f);

#endif
