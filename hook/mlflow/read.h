/* read - the JSON of MLflow's answers into structs of owned copies.
 *
 * Each reads a whole body; the lists are appended to, page by page, and *next is the token of the
 * next page or NULL (the caller frees it). NOT_A_REGISTRY where a value is not what MLflow sends,
 * or a list takes more than 16 MiB of memory.
 * On -1 a single thing is empty; a list may be half filled, and is the caller's to release.
 */
#ifndef MODELHOOK_MLFLOW_READ_H
#define MODELHOOK_MLFLOW_READ_H

#include "base/entry.h"
#include "base/fail.h"
#include "base/text.h"
#include "http/types.h"
#include "mlflow/types.h"
#include "packaging/json/json_list.h"

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
/* mlflow_read_yes - that member is there, and true */
bool mlflow_read_yes(const struct text *body, const char *key);
/* mlflow_read_location - an experiment's artifact_location */
MUST_CHECK int mlflow_read_location(const struct text *body, char **location, struct fail *f);
MUST_CHECK int mlflow_read_logged_model(
	const struct text *body, struct logged_model *model, struct fail *f);
MUST_CHECK int mlflow_read_logged_models(
	const struct text *body, struct logged_models *models, char **next, struct fail *f);

/* struct artifact_reading - a list of artifacts on its way: what http_request.sink points to.
 * folder: what the answer puts before each name, "" where it does not; borrowed, as is taker. Names
 * that could lead out of it are NOT_A_REGISTRY. Must not be moved while open. */
struct artifact_reading {
	struct http_sink sink;
	const char *folder;
	const struct entry_taker *taker;
	struct json_list list;
};

void artifact_reading_open(
	struct artifact_reading *reading, const char *folder, const struct entry_taker *taker);
/* artifact_reading_end - the answer was whole */
MUST_CHECK int artifact_reading_end(struct artifact_reading *reading, struct fail *f);
void artifact_reading_release(struct artifact_reading *reading);

#endif
