#include "gate/side.h"

#include <math.h>
#include <string.h>

static const double *find_metric(const struct metric *metrics, size_t count, const char *key)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(metrics[i].key, key) == 0)
			return &metrics[i].value;
	return NULL;
}

const double *gate_metric(const struct gate_side *side, const char *key)
{
	const double *value = find_metric(side->metrics, side->metric_count, key);
	return value != NULL ? value : find_metric(side->more, side->more_count, key);
}

/* MLflow's SQL store keeps an infinity as the largest double there is, and a database may round
 * that. */
bool gate_is_measured(double value)
{
	return isfinite(value) && fabs(value) < 1.797693e308;
}

const double *gate_measured_metric(const struct gate_side *side, const char *key)
{
	const double *value = find_metric(side->metrics, side->metric_count, key);
	if (value == NULL || !gate_is_measured(*value))
		value = find_metric(side->more, side->more_count, key);
	return value != NULL && gate_is_measured(*value) ? value : NULL;
}

int64_t gate_samples(const struct gate_side *side, const char *key)
{
	for (size_t i = 0; i < side->sample_count; i++)
		if (strcmp(side->samples[i].key, key) == 0)
			return side->samples[i].value;
	return 0;
}
