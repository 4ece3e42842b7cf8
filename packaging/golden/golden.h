/* golden - requests that were answered at training, with their answers: what a service is asked
 * again.
 *
 * They are kept as TensorFlow Serving keeps warm-up requests
 * (assets.extra/tf_serving_warmup_requests): a TFRecord file
 * (tensorflow/core/lib/io/record_writer.h) of PredictionLog messages
 * (tensorflow_serving/apis/prediction_log.proto) with a predict_log, whose request has the inputs
 * by name and whose response has the outputs. A file of requests alone, as people write it for
 * TensorFlow Serving, is taken as well: then there is nothing to compare.
 *
 * struct golden owns everything below it.
 */
#ifndef MODELHOOK_PACKAGING_GOLDEN_GOLDEN_H
#define MODELHOOK_PACKAGING_GOLDEN_GOLDEN_H

#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"
#include "base/text.h"
#include "packaging/golden/tensor.h"

#define GOLDEN_REQUESTS_MAX 1000 /* as TensorFlow Serving's own limit */
#define GOLDEN_BYTES_MAX ((size_t)64 << 20)

struct golden_tensors {
	struct golden_tensor *items; /* sorted by name */
	size_t count;
};

struct golden_request {
	struct golden_tensors inputs;
	struct golden_tensors outputs;
};

/* struct golden - the bytes of the file, which it owns, and where its records are in them: a
 * request is read when it is asked for, so that one alone is in memory */
struct golden {
	struct text bytes;
	struct golden_record {
		size_t at;
		size_t size;
	} * records;
	size_t count;
};

/* golden_open - takes the bytes over, whatever the result. UNACCEPTABLE where a checksum does not
 * hold, or there are no records or too many; released by the caller whatever the result. */
MUST_CHECK int golden_open(struct text *bytes, struct golden *golden, struct fail *f);
void golden_release(struct golden *golden);

/* golden_request - number `index`. UNACCEPTABLE by its number where it has no inputs, or a tensor
 * is broken or of a type that JSON has no way to say; released by the caller whatever the result.
 */
MUST_CHECK int golden_request(
	const struct golden *golden, size_t index, struct golden_request *request, struct fail *f);
void golden_request_release(struct golden_request *request);

#endif
