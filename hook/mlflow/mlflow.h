/* mlflow - MLflow's REST API, one function a verb, each of one shape.
 *
 * Knows paths, bodies and what an error means; knows nothing of promotion. "Not there" is an answer
 * (found), not a failure. Error bodies are not trusted to be JSON, and what they say is escaped and
 * cut short. Answers become structs of owned copies; zeroed structs may be released. Times are ms
 * since 1970.
 *
 * Statuses of failures: 401/403 DENIED; 404 and other 4xx REFUSED; 408, 429, 5xx and no answer
 * LATER, but 501 and FEATURE_DISABLED REFUSED; an answer that is not MLflow's NOT_A_REGISTRY.
 *
 * With a plan, writes are not sent: each is added to it as a line, and answered as the server
 * would.
 */
#ifndef MODELHOOK_MLFLOW_MLFLOW_H
#define MODELHOOK_MLFLOW_MLFLOW_H

#include "base/fail.h"
#include "base/pair.h"
#include "http/http.h"
#include "http/plan.h"

struct credentials;   /* mlflow/credentials.h */
struct store_options; /* store/options.h */

struct mlflow {
	struct http *http;		       /* borrowed */
	const struct credentials *credentials; /* borrowed, for hints; or NULL */
	const char *base;		       /* borrowed: the URI without a trailing slash */
	const char *workspace;		       /* borrowed, or NULL */
	struct mlflow_prefetched
		*prefetched; /* answers that were asked for together; owned, see mlflow/call.h */
	struct plan *plan;   /* borrowed; NULL: writes are sent */
	const struct store_options *artifacts; /* borrowed, passed on to its runs' stores */
	size_t answer_max;		       /* of one answer, in bytes; 0: as http.h says */
};

struct run {
	char *id;
	char *experiment_id;
	char *name;
	char *status;
	char *user;
	char *artifact_uri;
	bool deleted;		/* lifecycle_stage */
	struct metric *metrics; /* the last value of each; NaN and Infinity as such */
	size_t metric_count;
	struct pair *tags;
	size_t tag_count;
};

struct version {
	char *model; /* whose it is */
	int64_t number;
	char *stage; /* "None", "Staging", "Production", "Archived" */
	char *source;
	char *run_id; /* "" where there is none */
	char *status; /* "READY", ... */
	char *status_message;
	char *description;
	char *user;
	int64_t created_ms;
	int64_t updated_ms;
	struct pair *tags;
	size_t tag_count;
	/* holds all of these but the stage, for a version of a list, of which there may be ten
	 * thousand; or NULL, and each is owned by itself */
	char *block;
};

struct versions {
	struct version *items; /* sorted by number, ascending */
	size_t count;
	size_t bytes; /* that it takes, while it is read page by page */
};

struct alias {
	char *name;
	int64_t version;
};

struct registered_model {
	char *name;
	int64_t created_ms;
	struct pair *tags;
	size_t tag_count;
	struct alias *aliases;
	size_t alias_count;
	int64_t *latest; /* the highest version of each stage, as the model's own answer names it */
	size_t latest_count;
};

struct registered_models {
	struct registered_model *items; /* sorted by name */
	size_t count;
	size_t bytes; /* that it takes, while it is read page by page */
};

struct logged_model {
	char *id; /* "m-..." */
	char *name;
	char *artifact_uri;
	char *status;
	char *source_run_id;
	int64_t created_ms;
};

struct logged_models {
	struct logged_model *items; /* newest first */
	size_t count;
	size_t bytes; /* that it takes, while it is read page by page */
};

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

void run_release(struct run *run);
void version_release(struct version *version);
void versions_release(struct versions *versions);
/* version_pack - into one block of memory, all that can be; how large that is. For a version whose
 * strings are all there. */
size_t version_pack(struct version *version);

/* version_unpack - each string and list on its own again, for who changes one; nothing is done
 * where they are */
void version_unpack(struct version *version);
/* versions_sort - by number; a version that two pages show counts once */
void versions_sort(struct versions *versions);
/* registered_model_is_prompt - MLflow 3 keeps prompts among the models, with a tag, and leaves them
 * and their versions out of what it searches */
bool registered_model_is_prompt(const struct registered_model *model);
void registered_model_release(struct registered_model *model);
void registered_models_release(struct registered_models *models);
void logged_model_release(struct logged_model *model);
void logged_models_release(struct logged_models *models);

/* The value of a tag, or NULL. */
const char *tag_value(const struct pair *tags, size_t count, const char *key);

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

MUST_CHECK int mlflow_get_model(struct mlflow *m, const char *name, struct registered_model *model,
	bool *found, struct fail *f);
/* mlflow_prefetch_state - ask for the model and its versions at once: the next mlflow_get_model
 * and mlflow_list_versions of that name take what came, and fail as they would have */
void mlflow_prefetch_state(struct mlflow *m, const char *name);
/* mlflow_beside - the same server for one more thread, with a http of its own (borrowed) */
struct mlflow mlflow_beside(const struct mlflow *m, struct http *http);

/* mlflow_prefetch_drop - drop what was asked for and not taken */
void mlflow_prefetch_drop(struct mlflow *m);
/* mlflow_search_models - all registered models (prompts left out), page by page */
MUST_CHECK int mlflow_search_models(
	struct mlflow *m, struct registered_models *models, struct fail *f);
/* mlflow_create_model - being there already is success */
MUST_CHECK int mlflow_create_model(struct mlflow *m, const char *name, struct fail *f);
/* mlflow_delete_model - with all its versions; not being there is fine */
MUST_CHECK int mlflow_delete_model(struct mlflow *m, const char *name, struct fail *f);
MUST_CHECK int mlflow_set_model_tag(
	struct mlflow *m, const char *name, const char *key, const char *value, struct fail *f);
MUST_CHECK int mlflow_delete_model_tag(
	struct mlflow *m, const char *name, const char *key, struct fail *f);

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
/* mlflow_set_alias, mlflow_delete_alias - *supported false: the server has no aliases */
MUST_CHECK int mlflow_set_alias(struct mlflow *m, const char *name, const char *alias,
	int64_t number, bool *supported, struct fail *f);
MUST_CHECK int mlflow_delete_alias(
	struct mlflow *m, const char *name, const char *alias, bool *supported, struct fail *f);
/* mlflow_has_aliases - asked by GET registered-models/alias: 404 from the router means no such call
 */
MUST_CHECK int mlflow_has_aliases(struct mlflow *m, const char *name, bool *has, struct fail *f);

/* mlflow_search_logged_models - the LoggedModels of that name and source run, newest first; none on
 * a server without them */
MUST_CHECK int mlflow_search_logged_models(struct mlflow *m, const char *experiment_id,
	const char *name, const char *run_id, struct logged_models *models, struct fail *f);

#endif
