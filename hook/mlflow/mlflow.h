/* mlflow - one MLflow server, as all of its calls know it.
 *
 * The calls themselves are in server.h, runs.h, models.h, versions.h and logged_models.h, one
 * function an endpoint. They know paths, bodies and what an error means, and nothing of promotion.
 * "Not there" is an answer (found), not a failure. Error bodies are not trusted to be JSON, and
 * what they say is escaped and cut short.
 *
 * Statuses of failures: 401/403 DENIED; 404 and other 4xx REFUSED; 408, 429, 5xx and no response
 * LATER, but 501 and FEATURE_DISABLED REFUSED; a response that is not MLflow's NOT_A_REGISTRY.
 *
 * With a plan, writes are not sent: each is added to it as a line, and answered as the server
 * would.
 */
#ifndef MODELHOOK_MLFLOW_MLFLOW_H
#define MODELHOOK_MLFLOW_MLFLOW_H

#include <stddef.h>

struct http;	      /* http/http.h */
struct plan;	      /* http/plan.h */
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
	size_t response_max;		       /* of one answer, in bytes; 0: as http.h says */
};

#endif
