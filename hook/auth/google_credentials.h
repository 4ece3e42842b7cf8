/* google_credentials - the token that requests to Google Cloud Storage carry, looked for where
 * Google's own libraries look ("Application Default Credentials").
 *
 * In this order, the first that is there: the file that GOOGLE_APPLICATION_CREDENTIALS names; the
 * login of gcloud (application_default_credentials.json in CLOUDSDK_CONFIG, else ~/.config/gcloud);
 * the metadata service of the machine or pod (GCE_METADATA_HOST). An emulator
 * (STORAGE_EMULATOR_HOST) is sent none, as Google's client does it.
 */
#ifndef MODELHOOK_AUTH_GOOGLE_CREDENTIALS_H
#define MODELHOOK_AUTH_GOOGLE_CREDENTIALS_H

#include "auth/bearer.h"
#include "auth/google_key.h"
#include "base/fail.h"
#include "http/types.h"

/* struct google_credentials - shared by threads; the key does not change once it was read */
struct google_credentials {
	bool anonymous;
	char *file; /* what the key was read from; NULL: the metadata service */
	struct google_key key;
	struct bearer_keeper keeper;
};

/* google_credentials_open - reads the file, sends nothing; CONFIGURATION where it is none. May be
 * released whatever the result. */
MUST_CHECK int google_credentials_open(
	struct google_credentials *credentials, bool anonymous, struct fail *f);
void google_credentials_release(struct google_credentials *credentials);

/* google_credentials_get - as bearer_keeper_get; *token NULL where none is to be sent. DENIED where
 * none is found, with the places that were looked at. */
MUST_CHECK int google_credentials_get(struct google_credentials *credentials,
	const struct http *http, const char *refused, char **token, struct fail *f);

/* google_credentials_from - where they are from, for messages; borrowed */
const char *google_credentials_from(const struct google_credentials *credentials);

#endif
