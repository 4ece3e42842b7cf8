/* register - one version per package.
 *
 * The registry is asked by digest tag before each create. A create without a response is checked
 * before it is sent again. Of several versions with our digest the lowest stays and the others are
 * marked.
 */
#ifndef MODELHOOK_REGISTRY_REGISTER_H
#define MODELHOOK_REGISTRY_REGISTER_H

#include "base/fail.h"
#include "mlflow/versions.h"
#include "registry/registry.h"

/* registry_register - the version of this digest: found, or created. Marks duplicates. *created
 * tells. */
MUST_CHECK int registry_register(struct registry *registry, const struct version_request *request,
	const char *digest, int64_t *number, bool *created, struct fail *f);

/* registry_mark_duplicates - tag every version whose digest a lower version has, with that
 * version's number, and warn of it; one that has the tag already is left alone. digest: only its
 * versions; NULL: those of every digest. The state must be read. */
MUST_CHECK int registry_mark_duplicates(
	struct registry *registry, const char *digest, struct fail *f);

/* registry_await_ready - wait until the version is READY; REFUSED where its registration failed */
MUST_CHECK int registry_await_ready(struct registry *registry, int64_t number, struct fail *f);

#endif
