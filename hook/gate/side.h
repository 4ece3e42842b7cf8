/* side - what is known of one of the two models that a gate compares.
 *
 * Pure; everything is borrowed.
 */
#ifndef MODELHOOK_GATE_SIDE_H
#define MODELHOOK_GATE_SIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pair.h"

struct gate_side {
	const struct metric *metrics; /* one list after another is asked: see gate_metric */
	size_t metric_count;
	const struct metric *more;
	size_t more_count;
	const struct count *samples;
	size_t sample_count;
	const char *weights; /* digest, or NULL */
};

/* gate_metric - a side's metric: from metrics, then more; NULL where neither has it */
const double *gate_metric(const struct gate_side *side, const char *key);

/* gate_measured_metric - the same, passing over numbers that cannot be compared */
const double *gate_measured_metric(const struct gate_side *side, const char *key);

/* gate_samples - a side's count of samples, or 0 */
int64_t gate_samples(const struct gate_side *side, const char *key);

/* gate_is_measured - a finite number, as MLflow keeps them */
bool gate_is_measured(double value);

#endif
