/* metadata_token - the access token of the machine's service account, from the metadata service
 * that Google's and Yandex's machines have at the same address (and Google's Kubernetes gives its
 * pods).
 */
#ifndef MODELHOOK_AUTH_METADATA_TOKEN_H
#define MODELHOOK_AUTH_METADATA_TOKEN_H

#include "auth/bearer.h"
#include "base/fail.h"
#include "http/types.h"

#define METADATA_TOKEN_FROM "the machine's service account"

/* metadata_token_fetch - GCE_METADATA_HOST names another address; *found false: no such service
 * answers, or one that gives out nothing */
MUST_CHECK int metadata_token_fetch(
	const struct http *like, struct bearer *bearer, bool *found, struct fail *f);

#endif
