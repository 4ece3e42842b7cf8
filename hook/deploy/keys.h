/* keys - values that several kinds of "deploy" read from their entries.
 */
#ifndef MODELHOOK_DEPLOY_KEYS_H
#define MODELHOOK_DEPLOY_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fail.h"
#include "packaging/json/json.h"

/* deploy_key_path - a path relative to folder, the directory of modelhook.json; *path is left alone
 * where the key is not there, which is UNACCEPTABLE where it is needed. The caller frees it. */
MUST_CHECK int deploy_key_path(const struct json_at *object, const char *key, const char *folder,
	bool needed, char **path, struct fail *f);

/* deploy_key_string - a string that is not empty, or a copy of what stands for it where the key is
 * not there; the caller frees it */
MUST_CHECK int deploy_key_string(const struct json_at *object, const char *key,
	const char *otherwise, char **string, struct fail *f);

/* deploy_key_keep - "keep": how many published versions stay (deploy/publish.h) */
MUST_CHECK int deploy_key_keep(const struct json_at *object, int64_t *keep, struct fail *f);

#endif
