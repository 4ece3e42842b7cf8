/* flow - from a package to the one Production version: what `run` and `replay` have in common.
 *
 * The registry is the truth and the package is the to-do: every step first asks whether it already
 * holds and acts only where it does not, so that the same call, repeated anywhere after any
 * interruption, comes to the same end. The steps stand in one table, flow/flow.c; each fills its
 * part of struct flow for the next.
 */
#ifndef MODELHOOK_FLOW_FLOW_H
#define MODELHOOK_FLOW_FLOW_H

#include "invocation/invocation.h"
#include "mlflow/session.h"
#include "mlflow/types.h"
#include "packaging/package/package.h"
#include "registry/registry.h"
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
	char *source;	/* of the version: where its files are */
	char *model_id; /* of a LoggedModel, or NULL */
	char digest[SHA256_HEX];
	int64_t version;
	char *verdict; /* of the gates, for the version's tag; NULL: it passed before */
	bool passed;   /* the gates let it through, now or before */
	bool promote;  /* policy: to Production */
	size_t done;   /* steps */
};

/* flow_begin - no step is done yet. Must not be moved until flow_release. */
void flow_begin(struct flow *flow, struct invocation *call, const struct manifest *manifest,
	const char *package);

/* flow_connect - the first step, and the run's artifacts opened, before the package is there;
 * nothing of it is in the result until flow_note_connect. May be another thread than the one that
 * uses call->result. */
struct flow_connection {
	struct text did;
	int64_t ms;
};
MUST_CHECK int flow_connect(struct flow *flow, struct flow_connection *connection, struct fail *f);
void flow_note_connect(struct flow *flow, struct flow_connection *connection);

/* flow_finish - all steps that are not done. 0: call->result has outcome and status. */
MUST_CHECK int flow_finish(struct flow *flow, struct fail *f);

/* flow_judge - connect and decide, nothing else; the verdict is noted on the version unless
 * settings.what_if. REFUSED where it is to be noted and the package is not registered. package:
 * where a gate may read it, or NULL. */
MUST_CHECK int flow_judge(struct flow *flow, struct invocation *call,
	const struct manifest *manifest, const char *package, struct fail *f);

/* flow_report - after flow_finish, whatever it returned: the outcome as a tag of the run, where the
 * server is reachable; a failure of that is a warning. f NULL: it went well. */
void flow_report(struct flow *flow, const struct fail *f);

void flow_release(struct flow *flow);

#endif
