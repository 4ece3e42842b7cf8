#include "served/latency.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void served_samples_add(struct served_samples *samples, int64_t ms, bool failed)
{
	if (failed) {
		samples->errors++;
		return;
	}
	if (samples->count < SERVED_SAMPLES_MAX) {
		samples->ms = memory_grow(samples->ms, samples->count + 1, sizeof(*samples->ms));
		samples->ms[samples->count++] = ms;
	} else {
		samples->ms[samples->total % SERVED_SAMPLES_MAX] = ms;
	}
	samples->total++;
}

void served_samples_clear(struct served_samples *samples)
{
	samples->count = samples->total = samples->errors = 0;
}

void served_samples_release(struct served_samples *samples)
{
	free(samples->ms);
	*samples = (struct served_samples){0};
}

static int by_time(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static int64_t percentile(const int64_t *sorted, size_t count, size_t percent)
{
	size_t rank = (count * percent + 99) / 100;
	return count > 0 ? sorted[rank > 0 ? rank - 1 : 0] : 0;
}

struct served_latency served_latency_of(const struct served_samples *samples)
{
	struct served_latency latency = {
		.requests = samples->total + samples->errors,
		.errors = samples->errors,
	};
	int64_t *sorted = memory_get(samples->count, sizeof(*sorted));
	if (samples->count > 0) {
		memcpy(sorted, samples->ms, samples->count * sizeof(*sorted));
		qsort(sorted, samples->count, sizeof(*sorted), by_time);
	}
	latency.p50_ms = percentile(sorted, samples->count, 50);
	latency.p95_ms = percentile(sorted, samples->count, 95);
	free(sorted);
	return latency;
}
