/* parse - the entries of "deploy" in modelhook.json.
 */
#ifndef MODELHOOK_DEPLOY_PARSE_H
#define MODELHOOK_DEPLOY_PARSE_H

#include <stddef.h>

#include "base/fail.h"
#include "deploy/types.h"
#include "packaging/json/json.h"

/* deploy_parse - the value of "deploy" in the modelhook.json of folder, into owned targets;
 * UNACCEPTABLE by entry and key, also where two have one name */
MUST_CHECK int deploy_parse(const struct json_at *list, const char *folder,
	struct deploy_target **targets, size_t *count, struct fail *f);

void deploy_targets_release(struct deploy_target *targets, size_t count);

#endif
