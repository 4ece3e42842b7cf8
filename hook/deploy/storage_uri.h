/* storage_uri - where KServe loads a version from: "storage_uri" in the settings, "{source}"
 * without.
 */
#ifndef MODELHOOK_DEPLOY_STORAGE_URI_H
#define MODELHOOK_DEPLOY_STORAGE_URI_H

#include "base/fail.h"
#include "deploy/types.h"
#include "packaging/json/json.h"

/* storage_uri_parse - the key of object into *pattern, which is left alone where it is not there;
 * the caller frees it whatever the result. UNACCEPTABLE where it does not name the version. */
MUST_CHECK int storage_uri_parse(const struct json_at *object, char **pattern, struct fail *f);

/* storage_uri_of - of this version; the caller frees it, whatever the result. CONFIGURATION where
 * KServe could not load it. */
MUST_CHECK int storage_uri_of(
	const char *pattern, const struct deploy_model *model, char **uri, struct fail *f);

#endif
