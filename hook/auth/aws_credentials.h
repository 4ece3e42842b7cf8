/* aws_credentials - the keys that requests to S3, or to another service of AWS, are signed with,
 * looked for where boto looks.
 *
 * In this order, the first that has any: environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
 * AWS_SESSION_TOKEN); web identity (AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN, or the profile's,
 * through STS); the profile's keys in AWS's credentials file, then in its config; a container's
 * endpoint (AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI); the instance's metadata service
 * (IMDSv2, AWS_EC2_METADATA_SERVICE_ENDPOINT, unless AWS_EC2_METADATA_DISABLED). Keys that expire
 * are fetched again before they do. Other roles, SSO, logins and processes of a profile are not
 * followed: where boto would follow one, that is said, and no other key is taken.
 *
 * For Yandex Object Storage, where none of these has any, the token of the machine's service
 * account takes their place: it goes along as a bearer token, and nothing is
 * signed.
 */
#ifndef MODELHOOK_AUTH_AWS_CREDENTIALS_H
#define MODELHOOK_AUTH_AWS_CREDENTIALS_H

#include <pthread.h>

#include "auth/aws_keys.h"
#include "auth/aws_profile.h"
#include "base/fail.h"
#include "http/types.h"

/* struct aws_credentials - shared by threads */
struct aws_credentials {
	const struct aws_profile *profile; /* borrowed */
	const char *region;		   /* borrowed; for STS */
	const char *what;		   /* for messages: "S3" */
	bool yandex;			   /* the store is Yandex's */
	pthread_mutex_t lock;
	struct aws_keys keys;
	bool looked;
};

void aws_credentials_open(struct aws_credentials *credentials, const struct aws_profile *profile);
void aws_credentials_release(struct aws_credentials *credentials);

/* aws_credentials_get - a copy of keys that are good for some minutes; http is what they may be
 * fetched with. DENIED where none are found, with the places that were looked at. */
MUST_CHECK int aws_credentials_get(struct aws_credentials *credentials, struct http *http,
	struct aws_keys *keys, struct fail *f);

/* aws_credentials_are_there - without a failure where there are none */
bool aws_credentials_are_there(struct aws_credentials *credentials, struct http *http);

#endif
