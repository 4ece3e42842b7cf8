/* types - what MLflow's answers are about: structs of owned copies, and how to release them.
 *
 * Zeroed structs may be released. Times are ms since 1970.
 */
#ifndef MODELHOOK_MLFLOW_TYPES_H
#define MODELHOOK_MLFLOW_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pair.h"

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

/* the highest version of a stage; stage is NULL where the server tells none */
struct stage_version {
	char *stage;
	int64_t version;
};

struct registered_model {
	char *name;
	int64_t created_ms;
	struct pair *tags;
	size_t tag_count;
	struct alias *aliases;
	size_t alias_count;
	struct stage_version *latest; /* as the model's own answer names them */
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

void run_release(struct run *run);
void version_release(struct version *version);
void versions_release(struct versions *versions);
/* version_pack - into one block of memory, all that can be; how large that is. For a version whose
 * strings are all there. */
size_t version_pack(struct version *version);
/* version_unpack - each string and list on its own again, for who changes one; nothing is done
 * where they are */
void version_unpack(struct version *version);
void registered_model_release(struct registered_model *model);
void registered_models_release(struct registered_models *models);
void logged_model_release(struct logged_model *model);
void logged_models_release(struct logged_models *models);

/* tag_value - the value of a tag, or NULL */
const char *tag_value(const struct pair *tags, size_t count, const char *key);

#endif
