/* latency - how long requests took, and how many failed.
 */
#ifndef MODELHOOK_SERVED_LATENCY_H
#define MODELHOOK_SERVED_LATENCY_H

#include "served/types.h"

/* struct served_samples - of one phase; owns the list. The last SERVED_SAMPLES_MAX are kept. */
enum { SERVED_SAMPLES_MAX = 10000 };

struct served_samples {
	int64_t *ms; /* of requests with a 2xx response */
	size_t count;
	size_t total; /* of those, also the ones that are not kept any more */
	size_t errors;
};

void served_samples_add(struct served_samples *samples, int64_t ms, bool failed);
void served_samples_clear(struct served_samples *samples);
void served_samples_release(struct served_samples *samples);

/* served_latency_of - percentiles by the nearest rank; 0 where nothing succeeded */
struct served_latency served_latency_of(const struct served_samples *samples);

#endif
