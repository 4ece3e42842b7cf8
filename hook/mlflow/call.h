/* call - one call of MLflow's REST API: its URL, its headers, and what a refusal means.
 *
 * Any response is a reply (0); the endpoints decide which are answers to them and which are
 * failures. Nothing of a body is trusted to be JSON; what is kept of it is escaped and cut short.
 * Writes go into the plan where there is one.
 */
#ifndef MODELHOOK_MLFLOW_CALL_H
#define MODELHOOK_MLFLOW_CALL_H

#include "base/fail.h"
#include "http/types.h"
#include "mlflow/mlflow.h"
#include "mlflow/reply.h"

struct cJSON;

/* mlflow_beside - the same server for one more thread, with a http of its own (borrowed) */
struct mlflow mlflow_beside(const struct mlflow *m, struct http *http);

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

/* mlflow_prefetch_drop - drop what was asked for and not taken */
void mlflow_prefetch_drop(struct mlflow *m);

/* mlflow_post - a question that MLflow wants as POST; body is handed over */
MUST_CHECK int mlflow_post(struct mlflow *m, const char *path, struct cJSON *body,
	struct mlflow_reply *reply, struct fail *f);

/* mlflow_write - a call that changes something; body is handed over */
struct mlflow_write {
	const char *method;
	const char *path;
	struct cJSON *body;
	enum http_idempotency repeat;
	const struct http_sink *sink; /* or NULL: the response's body is kept */
};
MUST_CHECK int mlflow_write(struct mlflow *m, const struct mlflow_write *write,
	struct mlflow_reply *reply, struct fail *f);

/* mlflow_send - any request to the server, with its headers and credentials; `named` is the path
 * that messages use, borrowed */
MUST_CHECK int mlflow_send(struct mlflow *m, struct http_request *request, const char *named,
	struct mlflow_reply *reply, struct fail *f);

#endif
