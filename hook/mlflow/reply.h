/* reply - a response of the server: what one other than the wished one means, and what to do about
 * it.
 */
#ifndef MODELHOOK_MLFLOW_REPLY_H
#define MODELHOOK_MLFLOW_REPLY_H

#include "base/fail.h"
#include "http/types.h"
#include "mlflow/mlflow.h"

struct mlflow_reply {
	struct http_response http;
	const char *method; /* as asked */
	const char *path;
	char code[64];	   /* error_code, "" where the body is no error of MLflow's */
	char message[300]; /* what it says, escaped; "" */
	bool planned;	   /* it was not sent */
};

void mlflow_reply_release(struct mlflow_reply *reply);

/* mlflow_reply_read - fill code and message from the body of a response that is not 2xx */
void mlflow_reply_read(struct mlflow_reply *reply);

/* mlflow_expect - 0 for a 2xx whose body is a JSON object (or a planned call), else the failure */
MUST_CHECK int mlflow_expect(struct mlflow *m, const struct mlflow_reply *reply, struct fail *f);

/* mlflow_expect_done - the same, but an empty body will do */
MUST_CHECK int mlflow_expect_done(
	struct mlflow *m, const struct mlflow_reply *reply, struct fail *f);

/* mlflow_is_missing - MLflow says that what was asked for is not there */
bool mlflow_is_missing(const struct mlflow_reply *reply);

/* mlflow_is_unsupported - the server has no such call, or has it switched off */
bool mlflow_is_unsupported(const struct mlflow_reply *reply);

/* mlflow_is_permanent - whether a status that is normally retryable is permanent */
bool mlflow_is_permanent(const struct http_response *response);

/* mlflow_wants_presigned - the refusal of a server (3.18 with --artifacts-presigned-only) that
 * takes and gives artifacts by presigned URLs alone */
bool mlflow_wants_presigned(const struct http_response *response);

/* mlflow_serves_no_artifacts - the response of a server that was told not to pass artifacts on */
bool mlflow_serves_no_artifacts(const struct http_response *response);

#endif
