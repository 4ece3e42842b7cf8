/* proxy_store - artifacts through the MLflow server itself, by its /mlflow-artifacts API.
 *
 * Serves mlflow-artifacts:/PATH (the tracking server), mlflow-artifacts://HOST:PORT/PATH, and the
 * http(s) URL of that API, the last two only for the tracking server's own origin: no other gets
 * its credentials. A PUT is atomic there, and repeated as a whole.
 */
#ifndef MODELHOOK_STORE_MLFLOW_PROXY_STORE_H
#define MODELHOOK_STORE_MLFLOW_PROXY_STORE_H

#include "base/fail.h"
#include "store/store.h"

extern const struct store_kind store_proxy;

/* store_proxy_open - fill store->root; store->mlflow is set */
MUST_CHECK int store_proxy_open(struct store *store, const char *artifact_uri, struct fail *f);

#endif
