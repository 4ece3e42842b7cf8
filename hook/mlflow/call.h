/* call - one call of MLflow's REST API: its URL, its headers, and what a refusal means.
 *
 * Any answer is a reply (0); the verbs decide which are answers to them and which are failures.
 * Nothing of a body is trusted to be JSON; what is kept of it is escaped and cut short. Writes go
 * into the plan where there is one.
 */
#ifndef MODELHOOK_MLFLOW_CALL_H
#define MODELHOOK_MLFLOW_CALL_H

#include "base/fail.h"
#include "mlflow/mlflow.h"

struct cJSON;

struct mlflow_reply {
	struct http_response http;
	const char *method; /* as asked */
	const char *path;
	char code[64];	   /* error_code, "" where the body is no error of MLflow's */
	char message[300]; /* what it says, escaped; "" */
	bool planned;	   /* it was not sent */
};

void mlflow_reply_release(struct mlflow_reply *reply);

/* mlflow_get - GET /api/2.0/mlflow/PATH?QUERY; query is handed over, NULL: none */
MUST_CHECK int mlflow_get(struct mlflow *m, const char *path, char *query,
	struct mlflow_reply *reply, struct fail *f);

/* mlflow_get_into - the same; the body of a 2xx goes to sink, and is not in reply */
MUST_CHECK int mlflow_get_into(struct mlflow *m, const char *path, char *query,
	const struct http_sink *sink, struct mlflow_reply *reply, struct fail *f);

/* mlflow_question - a GET to come; query is handed over */
struct mlflow_question {
	const char *path; /* a literal */
	char *query;
};

/* mlflow_prefetch - send the questions together and keep what came for the next mlflow_get of the
 * same path and query; what was kept before is dropped */
#define MLFLOW_PREFETCH_MAX 2
void mlflow_prefetch(struct mlflow *m, const struct mlflow_question *questions, size_t count);

/* mlflow_post - a question that MLflow wants as POST; body is handed over */
MUST_CHECK int mlflow_post(struct mlflow *m, const char *path, struct cJSON *body,
	struct mlflow_reply *reply, struct fail *f);

/* mlflow_write - a call that changes something; body is handed over */
struct mlflow_write {
	const char *method;
	const char *path;
	struct cJSON *body;
	enum http_idempotency repeat;
	const struct http_sink *sink; /* or NULL: the answer's body is kept */
};
MUST_CHECK int mlflow_write(struct mlflow *m, const struct mlflow_write *write,
	struct mlflow_reply *reply, struct fail *f);

/* mlflow_send - any request to the server, with its headers and credentials; `named` is the path
 * that messages use, borrowed */
MUST_CHECK int mlflow_send(struct mlflow *m, struct http_request *request, const char *named,
	struct mlflow_reply *reply, struct fail *f);

/* mlflow_expect - 0 for a 2xx whose body is a JSON object (or a planned call), else the failure */
MUST_CHECK int mlflow_expect(struct mlflow *m, const struct mlflow_reply *reply, struct fail *f);

/* mlflow_expect_done - the same, but an empty body will do */
MUST_CHECK int mlflow_expect_done(
	struct mlflow *m, const struct mlflow_reply *reply, struct fail *f);

/* mlflow_is_missing - MLflow says that what was asked for is not there */
bool mlflow_is_missing(const struct mlflow_reply *reply);

/* mlflow_is_unsupported - the server has no such call, or has it switched off */
bool mlflow_is_unsupported(const struct mlflow_reply *reply);

/* mlflow_is_permanent - a status that looks transient but is meant for good */
bool mlflow_is_permanent(const struct http_response *answer);

/* mlflow_wants_presigned - the refusal of a server (3.18 with --artifacts-presigned-only) that
 * takes and gives artifacts by presigned URLs alone */
bool mlflow_wants_presigned(const struct http_response *answer);

/* mlflow_serves_no_artifacts - the answer of a server that was told not to pass artifacts on */
bool mlflow_serves_no_artifacts(const struct http_response *answer);

#endif
