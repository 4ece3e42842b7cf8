#include "upload/pace.h"

#include "base/clock.h"
#include "base/fail.h"
#include "base/panic.h"
#include "base/stop.h"

void pace_open(struct pace *pace, int64_t rate)
{
	*pace = (struct pace){.rate = rate, .started = clock_monotonic_ms()};
	if (rate > 0)
		INVARIANT(pthread_mutex_init(&pace->lock, NULL) == 0);
}

int pace_keep(struct pace *pace, uint64_t bytes, struct fail *f)
{
	if (pace->rate <= 0)
		return 0;
	pthread_mutex_lock(&pace->lock);
	pace->bytes += bytes;
	double due = (double)pace->bytes * 1000.0 / (double)pace->rate;
	pthread_mutex_unlock(&pace->lock);
	int64_t left = pace->started + (int64_t)due - clock_monotonic_ms();
	return left > 0 ? stop_sleep(left, f) : 0;
}

void pace_release(struct pace *pace)
{
	if (pace->rate > 0)
		pthread_mutex_destroy(&pace->lock);
	*pace = (struct pace){0};
}
