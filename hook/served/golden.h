/* golden - golden requests at a live service: how they are asked, and whether the answers are those
 * of the training.
 *
 *   "golden": true
 *   "golden": {"protocol": "v2", "path": "/v2/models/fish/infer", "tolerance": 0.001}
 *   "golden": {"template": {"pixels": "{image}"}, "answer": "/scores", "path": "/predict"}
 *
 * Protocols: "invocations" (MLflow's scoring server), "v1" (TensorFlow Serving's predict), "v2"
 * (the open inference protocol: Triton, MLServer, KServe), or a template, in which a string
 * "{NAME}" stands for the input of that name; "answer" is the JSON pointer of the outputs.
 */
#ifndef MODELHOOK_SERVED_GOLDEN_H
#define MODELHOOK_SERVED_GOLDEN_H

#include "base/fail.h"
#include "base/text.h"
#include "packaging/golden/golden.h"
#include "packaging/json/json.h"
#include "served/types.h"

/* served_golden_parse - the value of "golden"; UNACCEPTABLE by key */
MUST_CHECK int served_golden_parse(
	const struct json_at *at, struct served_golden *golden, struct fail *f);
void served_golden_release(struct served_golden *golden);

/* served_golden_body - the request's JSON */
void served_golden_body(const struct served_golden *golden, const struct golden_request *request,
	struct text *body);

/* served_golden_judge - the answer of one request: false with the first difference in `why`:
 * "output \"scores\"[0,3]: 0.71, recorded 0.88". tolerance 0: by the type of each output. */
bool served_golden_judge(const struct served_golden *golden, double tolerance,
	const struct golden_request *request, const struct text *answer, struct text *why);

#endif
