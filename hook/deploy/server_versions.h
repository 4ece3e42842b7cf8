/* server_versions - what a model server says of the versions of a model that it has, and whether
 * the one that was asked for is served.
 *
 * A 200 for a reload does not mean that the new version is served: it is read back here. Servers
 * whose list says what lies on their disk rather than what they loaded (MLServer's repository
 * index) have no place here. Pure. struct server_versions owns its strings.
 */
#ifndef MODELHOOK_DEPLOY_SERVER_VERSIONS_H
#define MODELHOOK_DEPLOY_SERVER_VERSIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fail.h"

enum server_version_state {
	SERVER_VERSION_LOADING,
	SERVER_VERSION_READY,
	SERVER_VERSION_FAILED,
	SERVER_VERSION_GONE, /* unloaded, or on its way */
};

struct server_version {
	char *name; /* as the server says it, mostly a number */
	enum server_version_state state;
	char *why; /* of a failed one; may be "" */
};

struct server_versions {
	struct server_version *items;
	size_t count;
};

/* server_versions_triton - the answer to POST v2/repository/index: the versions of one model that
 * have a state. NOT_SERVED where it is no such answer. */
MUST_CHECK int server_versions_triton(const char *text, size_t size, const char *model,
	struct server_versions *versions, struct fail *f);

/* server_versions_tf_serving - the answer to GET v1/models/MODEL */
MUST_CHECK int server_versions_tf_serving(
	const char *text, size_t size, struct server_versions *versions, struct fail *f);

/* server_versions_judge - *served: the version is ready, and no larger number is ready beside it,
 * which would answer requests without a version. NOT_SERVED where it failed to load, or a larger
 * one is ready; *listed: it is in the list, in whatever state. */
MUST_CHECK int server_versions_judge(const struct server_versions *versions, const char *version,
	bool *listed, bool *served, struct fail *f);

/* server_versions_ready - "1, 2": those that are ready, or "none"; the caller frees it */
char *server_versions_ready(const struct server_versions *versions);

/* server_versions_answered - which version gave an answer of the open inference protocol, by its
 * "model_version"; the caller frees it. NULL: it does not say. */
char *server_versions_answered(const char *text, size_t size);

void server_versions_release(struct server_versions *versions);

#endif
