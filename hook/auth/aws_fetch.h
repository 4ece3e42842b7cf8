/* aws_fetch - keys that somebody gives out for a while: a container's agent, the instance's
 * metadata service, STS, and the metadata service of Google's and Yandex's machines.
 *
 * Each asks over connections of its own, without a proxy (STS aside), and gives up within seconds:
 * a machine that has no such service drops what is sent there. *found false: it is not there, or
 * was not asked for; a service that is there and refuses is DENIED.
 */
#ifndef MODELHOOK_AUTH_AWS_FETCH_H
#define MODELHOOK_AUTH_AWS_FETCH_H

#include "auth/aws_keys.h"
#include "auth/aws_profile.h"
#include "base/fail.h"
#include "http/types.h"

/* aws_fetch_web_identity - by the variables, else by the profile's role, from STS in the region */
MUST_CHECK int aws_fetch_web_identity(struct http *like, const struct aws_profile *profile,
	const char *region, struct aws_keys *keys, bool *found, struct fail *f);
MUST_CHECK int aws_fetch_container(
	struct http *like, struct aws_keys *keys, bool *found, struct fail *f);
MUST_CHECK int aws_fetch_instance(
	struct http *like, struct aws_keys *keys, bool *found, struct fail *f);

/* aws_fetch_bearer - the access token of the machine's service account; GCE_METADATA_HOST names
 * another address */
MUST_CHECK int aws_fetch_bearer(
	struct http *like, struct aws_keys *keys, bool *found, struct fail *f);

/* aws_keys_read, aws_sts_read - what metadata services and STS answer; keys may be half filled */
MUST_CHECK int aws_keys_read(
	const struct http_response *response, struct aws_keys *keys, struct fail *f);
MUST_CHECK int aws_sts_read(
	const struct http_response *response, struct aws_keys *keys, struct fail *f);

#endif
