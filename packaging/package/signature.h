/* signature - SignatureDefs as a manifest keeps them.
 *
 * As JSON: {"serving_default": {"inputs": {"image": {"dtype": 1, "name": "serving_default_image:0",
 * "shape": [-1, 8, 8, 1]}}, "method": "tensorflow/serving/predict", "outputs": {...}}}; dtype is
 * TensorFlow's DataType number, shape is null where the rank is unknown.
 */
#ifndef MODELHOOK_PACKAGING_PACKAGE_SIGNATURE_H
#define MODELHOOK_PACKAGING_PACKAGE_SIGNATURE_H

#include "base/fail.h"
#include "packaging/json/json.h"
#include "packaging/savedmodel/signature_def.h"

/* signature_copy_all - owned copies of `count` signatures, without their parts, given to
 * signature_def_release_all */
struct signature_def *signature_copy_all(const struct signature_def *signatures, size_t count);

struct cJSON *signature_to_json(const struct signature_def *signatures, size_t count);

/* signature_from_json - the other way; released where that fails */
MUST_CHECK int signature_from_json(
	const struct json_at *at, struct signature_def **signatures, size_t *count, struct fail *f);

#endif
