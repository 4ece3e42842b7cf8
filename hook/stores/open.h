/* open - the table of all kinds of stores, by the scheme of their URIs: the only place that knows
 * every kind. Another kind is a row here.
 */
#ifndef MODELHOOK_STORES_OPEN_H
#define MODELHOOK_STORES_OPEN_H

#include "base/fail.h"
#include "store/store.h"

/* store_open - by the scheme of artifact_uri; CONFIGURATION for a scheme that no store here serves,
 * REFUSED for a path with "." or "..", escaped or not: a server names places that are none of its
 * own. run: whose artifacts they are, with what is known of it (its id at least), or NULL. Must not
 * be moved once opened. */
MUST_CHECK int store_open(struct store *store, struct mlflow *mlflow, const struct run *run,
	const char *artifact_uri, struct fail *f);

/* store_open_location - as store_open, of the place in which an experiment keeps its runs: to try
 * it out */
MUST_CHECK int store_open_location(struct store *store, struct mlflow *mlflow,
	const struct run *run, const char *location, struct fail *f);

/* store_open_apart - a store that no MLflow server names: a spool, a place for results */
MUST_CHECK int store_open_apart(
	struct store *store, const struct store_reach *reach, const char *uri, struct fail *f);

/* store_open_worker - the same store for one more thread, which sends over the engine; released
 * before the store itself and the engine */
MUST_CHECK int store_open_worker(const struct store *store, struct http_engine *engine,
	struct store *worker, struct fail *f);

#endif
