/* versions - versions of registered models: list, create, delete, change.
 *
 * "Not there" is an answer (found), not a failure.
 */
#ifndef MODELHOOK_MLFLOW_VERSIONS_H
#define MODELHOOK_MLFLOW_VERSIONS_H

#include "base/fail.h"
#include "base/pair.h"
#include "mlflow/mlflow.h"
#include "mlflow/types.h"

/* what is to be created: create_version's argument */
struct version_request {
	const char *model;
	const char *source;
	const char *run_id;
	const char *model_id; /* or NULL */
	const char *description;
	const struct pair *tags;
	size_t tag_count;
};

/* versions_sort - by number; a version that two pages show counts once */
void versions_sort(struct versions *versions);

/* mlflow_prefetch_state - ask for the model and its versions at once: the next mlflow_get_model
 * and mlflow_list_versions of that name take what came, and fail as they would have */
void mlflow_prefetch_state(struct mlflow *m, const char *name);
/* mlflow_list_versions - every version of the model with its tags, by model-versions/search, page
 * by page */
MUST_CHECK int mlflow_list_versions(
	struct mlflow *m, const char *name, struct versions *versions, struct fail *f);
MUST_CHECK int mlflow_get_version(struct mlflow *m, const char *name, int64_t number,
	struct version *version, bool *found, struct fail *f);
/* mlflow_get_download_uri - where the files of a version are, as the registry says; the caller
 * frees it */
MUST_CHECK int mlflow_get_download_uri(
	struct mlflow *m, const char *name, int64_t number, char **uri, struct fail *f);
/* mlflow_create_version - NOT repeated when unanswered: -1 with *unknown set, and the caller asks
 */
MUST_CHECK int mlflow_create_version(struct mlflow *m, const struct version_request *request,
	struct version *version, bool *unknown, struct fail *f);
MUST_CHECK int mlflow_set_version_tag(struct mlflow *m, const char *name, int64_t number,
	const char *key, const char *value, struct fail *f);
MUST_CHECK int mlflow_delete_version_tag(
	struct mlflow *m, const char *name, int64_t number, const char *key, struct fail *f);
MUST_CHECK int mlflow_describe_version(struct mlflow *m, const char *name, int64_t number,
	const char *description, struct fail *f);
MUST_CHECK int mlflow_delete_version(
	struct mlflow *m, const char *name, int64_t number, struct fail *f);
/* mlflow_transition - one transition-stage call. *supported false: the server has no stages. */
MUST_CHECK int mlflow_transition(struct mlflow *m, const char *name, int64_t number,
	const char *stage, bool archive_existing, bool *supported, struct fail *f);

#endif
