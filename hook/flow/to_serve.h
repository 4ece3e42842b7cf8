/* to_serve - a version of the registry as the version that the service is to serve
 * (deploy/types.h).
 */
#ifndef MODELHOOK_FLOW_TO_SERVE_H
#define MODELHOOK_FLOW_TO_SERVE_H

#include <stdint.h>

#include "deploy/types.h"
#include "mlflow/types.h"
#include "packaging/package/manifest.h"
#include "registry/registry.h"

/* struct to_serve - owns the strings of its model, so that the registry may be read again
 * meanwhile; borrows the registry, the package and its manifest. Must not be moved. */
struct to_serve {
	struct deploy_model model;
	struct registry *registry;
	const char *package; /* a path; NULL: the files come from the version's artifact store */
	const struct manifest *manifest; /* of that package */
	char *strings[8];
	size_t count;
};

/* to_serve_init - of a version of the state that was read last; previous: the version before it, or
 * 0; by: who promoted it, borrowed */
void to_serve_init(struct to_serve *to_serve, struct registry *registry,
	const struct version *version, int64_t previous, const char *by);
void to_serve_release(struct to_serve *to_serve);

#endif
