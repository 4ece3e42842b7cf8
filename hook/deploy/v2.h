/* v2 - what Triton and MLServer have in common: the repository calls of the open inference protocol
 * (v2), and a model repository on a disk that may be written here.
 */
#ifndef MODELHOOK_DEPLOY_V2_H
#define MODELHOOK_DEPLOY_V2_H

#include <stdint.h>

#include "base/fail.h"
#include "base/text.h"
#include "deploy/publish.h"
#include "deploy/service.h"
#include "deploy/types.h"

/* struct v2 - the entry, as written; owns all */
struct v2 {
	struct service service;
	char *model;	  /* as the server calls it, with placeholders */
	char *version;	  /* that it is to serve, with placeholders */
	char *repository; /* where files are published, in a directory of the model; NULL: nowhere
			   */
	int64_t keep;
};

/* v2_parse - target->options from the object under key */
MUST_CHECK int v2_parse(
	const struct json_at *entry, const char *key, struct deploy_target *target, struct fail *f);
void v2_release(void *options);

/* v2_would - for --plan */
void v2_would(
	const struct deploy_target *target, const struct deploy_model *model, struct text *text);

/* struct v2_call - one reload; owns the strings, and the client once it is open */
struct v2_call {
	const struct v2 *v2;
	const struct deploy_call *call;
	char *model;
	char *version;
	char *folder; /* of the model in the repository; NULL: nothing is published */
	struct service_client client;
};

/* v2_begin - can be released whatever the result. CONFIGURATION where the model's name cannot be a
 * directory. */
MUST_CHECK int v2_begin(struct v2_call *v2, const struct deploy_target *target,
	const struct deploy_call *call, struct fail *f);
void v2_end(struct v2_call *v2);

/* v2_publish - into the repository, where there is one; publish: which files, and what follows. A
 * model without a repository is taken as published. */
MUST_CHECK int v2_publish(struct v2_call *v2, struct publish *publish, struct publish_end *end,
	struct text *did, struct fail *f);

/* v2_load - repository/models/MODEL/load, which returns when the server is done. NOT_SERVED where
 * it could not. */
MUST_CHECK int v2_load(struct v2_call *v2, struct fail *f);

/* v2_path - "/v2/models/MODEL/..." with the model percent-encoded; the caller frees it */
char *v2_path(const char *format, const char *model);

#endif
