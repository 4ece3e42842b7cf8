/* models - registered models: find, list, create, delete, their tags and aliases.
 *
 * "Not there" is an answer (found), not a failure.
 */
#ifndef MODELHOOK_MLFLOW_MODELS_H
#define MODELHOOK_MLFLOW_MODELS_H

#include "base/fail.h"
#include "mlflow/mlflow.h"
#include "mlflow/types.h"

/* registered_model_is_prompt - MLflow 3 keeps prompts among the models, with a tag, and leaves them
 * and their versions out of what it searches */
bool registered_model_is_prompt(const struct registered_model *model);

/* mlflow_model_query - the query of registered-models/get; the caller frees it */
char *mlflow_model_query(const char *name);

MUST_CHECK int mlflow_get_model(struct mlflow *m, const char *name, struct registered_model *model,
	bool *found, struct fail *f);
/* mlflow_search_models - all registered models (prompts left out), page by page */
MUST_CHECK int mlflow_search_models(
	struct mlflow *m, struct registered_models *models, struct fail *f);
/* mlflow_similar_model - the registered model whose name is nearest to one that is not there
 * (base/suggest.h), or NULL; a registry that does not list its models has none. The caller frees
 * it. */
char *mlflow_similar_model(struct mlflow *m, const char *name);
/* mlflow_no_such_model - REFUSED, with the nearest name as hint, else `otherwise`. Returns -1. */
int mlflow_no_such_model(struct mlflow *m, const char *name, const char *otherwise, struct fail *f);
/* mlflow_create_model - being there already is success */
MUST_CHECK int mlflow_create_model(struct mlflow *m, const char *name, struct fail *f);
/* mlflow_delete_model - with all its versions; not being there is fine */
MUST_CHECK int mlflow_delete_model(struct mlflow *m, const char *name, struct fail *f);
MUST_CHECK int mlflow_set_model_tag(
	struct mlflow *m, const char *name, const char *key, const char *value, struct fail *f);
MUST_CHECK int mlflow_delete_model_tag(
	struct mlflow *m, const char *name, const char *key, struct fail *f);

/* mlflow_set_alias, mlflow_delete_alias - *supported false: the server has no aliases */
MUST_CHECK int mlflow_set_alias(struct mlflow *m, const char *name, const char *alias,
	int64_t number, bool *supported, struct fail *f);
MUST_CHECK int mlflow_delete_alias(
	struct mlflow *m, const char *name, const char *alias, bool *supported, struct fail *f);
/* mlflow_has_aliases - asked by GET registered-models/alias: 404 from the router means no such call
 */
MUST_CHECK int mlflow_has_aliases(struct mlflow *m, const char *name, bool *has, struct fail *f);

#endif
