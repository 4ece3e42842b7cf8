/* page - what the endpoints share: lists that come in pages, answers about what was asked for, and
 * writes that only succeed or fail.
 */
#ifndef MODELHOOK_MLFLOW_PAGE_H
#define MODELHOOK_MLFLOW_PAGE_H

#include <stdbool.h>

#include "base/fail.h"
#include "mlflow/mlflow.h"

struct cJSON;

/* Reads one page; token is NULL for the first. *next: that of the next page or NULL; it is freed
 * here, also after -1. *added: it brought something that no page before it had. */
typedef int mlflow_page_function(struct mlflow *m, void *context, const char *token, char **next,
	bool *added, struct fail *f);

/* mlflow_pages - all pages of that call. NOT_A_REGISTRY where they do not end. */
MUST_CHECK int mlflow_pages(struct mlflow *m, const char *path, mlflow_page_function *read,
	void *context, struct fail *f);

/* mlflow_check_named - NOT_A_REGISTRY where an answer is about another thing than was asked for;
 * what: the key that names it; one that is not there is "" and names nothing */
MUST_CHECK int mlflow_check_named(
	const char *what, const char *answered, const char *asked, struct fail *f);

/* mlflow_do - a write that is the same when carried out twice; body is handed over */
MUST_CHECK int mlflow_do(
	struct mlflow *m, const char *method, const char *path, struct cJSON *body, struct fail *f);

/* mlflow_do_gone - a write that removes; being gone already is success; body is handed over */
MUST_CHECK int mlflow_do_gone(
	struct mlflow *m, const char *method, const char *path, struct cJSON *body, struct fail *f);

/* mlflow_try, mlflow_try_gone - the same for a call that some servers lack: 0 then, and *supported
 * is false, as it is where no answer came */
MUST_CHECK int mlflow_try(struct mlflow *m, const char *method, const char *path,
	struct cJSON *body, bool *supported, struct fail *f);
MUST_CHECK int mlflow_try_gone(struct mlflow *m, const char *method, const char *path,
	struct cJSON *body, bool *supported, struct fail *f);

struct mlflow_reply;
struct artifact_reading;

/* mlflow_take_artifacts - the end of a list of artifacts that was answered into reading; a folder
 * that is not there has none. Both stay the caller's to release. */
MUST_CHECK int mlflow_take_artifacts(struct mlflow *m, const struct mlflow_reply *reply,
	struct artifact_reading *reading, struct fail *f);

#endif
