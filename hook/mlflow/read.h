/* read - the JSON of MLflow's answers into structs of owned copies.
 *
 * Each reads a whole body; the lists are appended to, page by page, and *next is the token of the
 * next page or NULL (the caller frees it). NOT_A_REGISTRY where a value is not what MLflow sends.
 * On -1 a single thing is empty; a list may be half filled, and is the caller's to release.
 */
#ifndef MODELHOOK_MLFLOW_READ_H
#define MODELHOOK_MLFLOW_READ_H

#include "mlflow/mlflow.h"

struct artifact {
	char *path; /* the last part only */
	bool is_folder;
	uint64_t size;
};

struct artifacts {
	struct artifact *items;
	size_t count;
};

void artifacts_release(struct artifacts *artifacts);

MUST_CHECK int mlflow_read_run(const struct text *body, struct run *run, struct fail *f);
MUST_CHECK int mlflow_read_model(
	const struct text *body, struct registered_model *model, struct fail *f);
MUST_CHECK int mlflow_read_models(
	const struct text *body, struct registered_models *models, char **next, struct fail *f);
MUST_CHECK int mlflow_read_version(
	const struct text *body, struct version *version, struct fail *f);
MUST_CHECK int mlflow_read_versions(
	const struct text *body, struct versions *versions, char **next, struct fail *f);
MUST_CHECK int mlflow_read_download_uri(const struct text *body, char **uri, struct fail *f);
/* mlflow_read_location - an experiment's artifact_location */
MUST_CHECK int mlflow_read_location(const struct text *body, char **location, struct fail *f);
MUST_CHECK int mlflow_read_logged_models(
	const struct text *body, struct logged_models *models, char **next, struct fail *f);

/* mlflow_read_artifacts - folder: what the answer puts before each name, "" where it does not;
 * names that could lead out of it are NOT_A_REGISTRY */
MUST_CHECK int mlflow_read_artifacts(
	const struct text *body, const char *folder, struct artifacts *artifacts, struct fail *f);

#endif
