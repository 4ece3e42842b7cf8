/* saved_model_check - what is made of findings: one line that refuses the model, or nothing.
 */
#ifndef MODELHOOK_PACKAGING_SAVEDMODEL_SAVED_MODEL_CHECK_H
#define MODELHOOK_PACKAGING_SAVEDMODEL_SAVED_MODEL_CHECK_H

#include <stdbool.h>

#include "base/fail.h"
#include "packaging/savedmodel/saved_model.h"

/* saved_model_fail - put the directory's name, fit for a message, in front of a filled f. Returns
 * -1. */
int saved_model_fail(const char *folder, struct fail *f);

/* saved_model_allowed - which findings do not forbid a promotion, though others like them do */
struct saved_model_allowed {
	bool nonfinite;
	bool custom_ops;
};

/* saved_model_check - 0 where the model may be promoted, else -1 UNACCEPTABLE with the first
 * finding that forbids it, file, offset and tensor named, and how many more there are; one that
 * comes with a hint goes before the others */
MUST_CHECK int saved_model_check(
	const struct saved_model *model, struct saved_model_allowed allowed, struct fail *f);

/* saved_model_signature - the SignatureDef of that key, or NULL */
const struct signature_def *saved_model_signature(const struct saved_model *model, const char *key);

#endif
