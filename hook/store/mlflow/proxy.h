/* proxy - what the three ways through and past the MLflow server have in common: the state of the
 * store, names and paths.
 */
#ifndef MODELHOOK_STORE_MLFLOW_PROXY_H
#define MODELHOOK_STORE_MLFLOW_PROXY_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/fail.h"
#include "http/types.h"
#include "store/store.h"

#define PROXY_ENDPOINT "/mlflow-artifacts/artifacts"

/* struct proxy - the state of a store of the kind; shared by its threads */
struct proxy {
	uint64_t minimum; /* bytes: from there on an artifact goes in parts */
	enum {
		PROXY_TAKES_PARTS_ASK,
		PROXY_TAKES_PARTS,
		PROXY_TAKES_NO_PARTS,
	} parts;		    /* told by the environment or by the server; set by begin */
	atomic_bool no_way_there;   /* a part did not arrive */
	atomic_bool presigned_only; /* the server said so: nothing passes through it */
	pthread_mutex_t lock;	    /* of what follows, and of the asking: store/mlflow/direct.h */
	bool asked;		    /* server-info */
	enum {
		PROXY_SIGNS_ASK,
		PROXY_SIGNS,
		PROXY_SIGNS_NOT,
	} signs;	/* addresses to read from */
	bool can_sign;	/* what the server said of that, once it was asked */
	unsigned reads; /* so far, while that was not asked */
	bool tried_both;
};

/* proxy_check_name - UNACCEPTABLE for a name that the server takes for another one, or not at all
 */
MUST_CHECK int proxy_check_name(const char *path, struct fail *f);
/* proxy_below - the root's path behind PROXY_ENDPOINT; *before: the length of what stands in front
 * of that */
const char *proxy_below(const struct store *s, int *before);
/* proxy_is_500_permanent - is_permanent of a request (http/types.h) to which some servers always
 * answer 500 */
bool proxy_is_500_permanent(const struct http_response *response);

#endif
