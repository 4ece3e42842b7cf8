/* handoff_json - a handoff as a part of a JSON tree, as the manifest of a package holds it.
 */
#ifndef MODELHOOK_PACKAGING_PACKAGE_HANDOFF_JSON_H
#define MODELHOOK_PACKAGING_PACKAGE_HANDOFF_JSON_H

#include "base/fail.h"
#include "packaging/json/json.h"
#include "packaging/package/handoff.h"

/* handoff_from_json - read and check the object at `at`; saved_model is joined to folder ("" leaves
 * it alone). handoff is released where that fails. */
MUST_CHECK int handoff_from_json(
	const struct json_at *at, const char *folder, struct handoff *handoff, struct fail *f);

/* handoff_to_json - the same handoff as an object, with `saved_model` as the model's path (NULL for
 * a logged model): where it lay on the disk of the training says nothing to another machine */
struct cJSON *handoff_to_json(const struct handoff *handoff, const char *saved_model);

#endif
