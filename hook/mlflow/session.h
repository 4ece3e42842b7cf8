/* session - an open line to the tracking server and to the model registry, which are mostly one
 * server.
 *
 * Owns credentials, connections and the plan. Must not be moved once opened: its parts point to
 * each other.
 */
#ifndef MODELHOOK_MLFLOW_SESSION_H
#define MODELHOOK_MLFLOW_SESSION_H

#include "base/clock.h"
#include "base/fail.h"
#include "http/plan.h"
#include "http/types.h"
#include "mlflow/credentials.h"
#include "mlflow/mlflow.h"
#include "mlflow/options.h"

/* session_options - what a session is opened with; all of it outlives the session */
struct session_options {
	const struct mlflow_options *mlflow; /* with both URIs */
	const struct http_options *http;
	const struct store_options *artifacts;
};

struct session_end {
	char *base; /* URI without user information; of SageMaker the URL */
	struct credentials credentials;
	struct http_login login;
	struct http http;
	struct mlflow mlflow;
};

struct session {
	struct session_end tracking;
	struct session_end other; /* used where the registry is another server */
	struct mlflow *registry;  /* one of the two */
	struct plan plan;
};

/* session_open - read credentials and settings; nothing is sent yet. On -1 the session can still be
 * released. */
MUST_CHECK int session_open(struct session *session, const struct session_options *options,
	struct deadline deadline, struct fail *f);
void session_release(struct session *session);

#endif
