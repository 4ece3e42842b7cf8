/* step - what the steps of a flow hand to each other.
 */
#ifndef MODELHOOK_FLOW_STEP_H
#define MODELHOOK_FLOW_STEP_H

#include "base/fail.h"
#include "base/text.h"
#include "invocation/invocation.h"
#include "mlflow/session.h"
#include "mlflow/types.h"
#include "packaging/package/manifest.h"
#include "registry/registry.h"
#include "store/store.h"
#include "upload/model.h"

/* struct flow - owns what its steps open; borrows the call, the manifest and the package's path */
struct flow {
	struct invocation *call;
	const struct manifest *manifest;
	const char *package; /* path */
	struct session session;
	struct run run;
	struct store store;
	struct upload upload;
	struct registry registry;
	char *who;
	char *source;	 /* of the version: where its files are */
	char *model_id;	 /* of a LoggedModel, or NULL */
	char *framework; /* of a model that the script logged, or NULL */
	char digest[SHA256_HEX];
	int64_t version;
	char *verdict; /* of the gates, for the version's tag; NULL: it passed before */
	bool passed;   /* the gates let it through, now or before */
	bool promote;  /* policy: to Production */
	size_t done;   /* steps */
};

/* step_function - does its part of a flow, or finds it done already, and adds to `did` which. 0, or
 * -1 with f filled. */
typedef int step_function(struct flow *flow, struct text *did, struct fail *f);

/* step_record - a step that was done, for people and in the result; name is borrowed */
void step_record(struct flow *flow, const char *name, int64_t ms, const struct text *did);

#endif
