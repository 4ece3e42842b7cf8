/* direct - artifacts read past the MLflow server, from addresses in its own store that it
 * signs (GET mlflow-artifacts/presigned/PATH): what passes through the server costs it twice the
 * time for a small object, and much more for a large one, which it first takes down itself.
 *
 * Whether it signs is asked as MLflow's client asks: MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD, else
 * what server-info says; not before the answer is worth a request. Where it does not, or where the
 * address cannot be used from here, the server passes the artifact on as ever.
 */
#ifndef MODELHOOK_STORE_MLFLOW_DIRECT_H
#define MODELHOOK_STORE_MLFLOW_DIRECT_H

#include "base/fail.h"
#include "http/types.h"
#include "store/store.h"

/* proxy_direct_open - what the environment says */
void proxy_direct_open(struct store *s);

void proxy_direct_release(struct store *s);

/* proxy_direct_expect - an object of that size was sent, and will be read back */
void proxy_direct_expect(struct store *s, uint64_t size);

/* proxy_direct_get - *got false: not this way; sink is as it was, or was restarted */
MUST_CHECK int proxy_direct_get(
	struct store *s, const char *path, const struct http_sink *sink, bool *got, struct fail *f);

#endif
