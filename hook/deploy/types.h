/* types - a way to reload the service, and the version that it is to serve.
 *
 * Strings are borrowed where a comment does not say otherwise.
 */
#ifndef MODELHOOK_DEPLOY_TYPES_H
#define MODELHOOK_DEPLOY_TYPES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/fail.h"
#include "http/options.h"

struct deploy_kind; /* deploy/kind.h */

/* struct deploy_target - one entry of "deploy"; owns all but the kind */
struct deploy_target {
	const struct deploy_kind *kind;
	char *name;	    /* as given, else the kind's key */
	char *folder;	    /* of modelhook.json */
	int64_t timeout_ms; /* for this target alone */
	void *options;	    /* the kind's own */
};

/* deploy_fetch_function - every file of the model (MLmodel, saved_model/...) below folder, which is
 * made, each verified against what was registered */
typedef int deploy_fetch_function(void *context, const char *folder, struct fail *f);

/* deploy_current_function - whether the version still is the one to be served: another promotion
 * may have overtaken this one since. Asks the registry anew. */
typedef int deploy_current_function(void *context, bool *current, struct fail *f);

/* struct deploy_model - the version that the service is to serve from now on */
struct deploy_model {
	const char *name; /* registered model */
	int64_t version;
	int64_t previous_version; /* 0: none */
	const char *digest;	  /* of the package, hex; NULL: not known */
	const char *run_id;	  /* NULL: none */
	const char *model_uuid;	  /* of its MLmodel; NULL: not known */
	const char *source;	  /* where its files are */
	const char *stage;	  /* "Production", or NULL: this registry has no stages */
	const char *alias;	  /* "production", or NULL */
	const char *since;	  /* RFC 3339, when this promotion put it there; NULL: not known */
	const char *by;		  /* who promoted it */
	deploy_fetch_function *fetch;
	deploy_current_function *is_current;
	void *context; /* of both */
};

/* deploy_served_function - whether the service that target reloads serves the model already, each
 * of its replicas where the kind has some; *served is false also where that is not known, as of a
 * target whose replicas are not the ones that are asked */
typedef int deploy_served_function(
	void *context, const struct deploy_target *target, bool *served, struct fail *f);

/* struct deploy_call - what a reload is given */
struct deploy_call {
	const struct deploy_model *model;
	const struct http_options *http;
	struct deadline deadline;	   /* of the target */
	deploy_served_function *is_served; /* or NULL */
	void *served_context;
};

#endif
