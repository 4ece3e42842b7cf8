/* probe - how long a service takes to answer, and how often it does not: measured on the side while
 * something else is done to it. A service that is not asked itself is not measured.
 */
#ifndef MODELHOOK_SERVED_PROBE_H
#define MODELHOOK_SERVED_PROBE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/fail.h"
#include "served/cluster.h"
#include "served/latency.h"
#include "served/types.h"

/* served_measure - some 20 requests one after the other, within two seconds, added to samples; what
 * they say of the version is not looked at */
MUST_CHECK int served_measure(const struct served *served, const struct served_call *call,
	struct served_samples *samples, struct fail *f);

/* struct served_probe - a thread that asks every replica four times a second. Not to be moved while
 * it runs; owns its cluster and samples. */
struct served_probe {
	const struct served *served;
	struct served_call call;
	struct served_cluster cluster; /* its own: that of a call is for one thread */
	struct served_samples samples;
	atomic_bool ended;
	pthread_t thread;
	bool runs;
};

/* served_probe_start - where no thread can be started nothing is measured */
void served_probe_start(
	struct served_probe *probe, const struct served *served, const struct served_call *call);

/* served_probe_end - waits for the thread; the samples are complete then */
void served_probe_end(struct served_probe *probe);

void served_probe_release(struct served_probe *probe);

#endif
