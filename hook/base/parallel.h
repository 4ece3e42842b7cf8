/* parallel - numbered jobs done side by side on a few threads, with the outcome that they have one
 * after the other.
 *
 * Jobs are begun in their order, and what comes out of them is taken in their order, one at a time,
 * so that nothing depends on the number of threads. The calling thread is one of them: where no
 * other can be started it does everything alone. After a failure nothing is begun; the first in the
 * order of the jobs, not of the clock, is the one that counts, and those behind it are dropped.
 *
 * At most PARALLEL_WINDOW jobs are begun and not taken: a caller keeps the outcome of a job at its
 * number modulo that, from `run` to `take`. After a failure some are left there, not taken.
 */
#ifndef MODELHOOK_BASE_PARALLEL_H
#define MODELHOOK_BASE_PARALLEL_H

#include <stdatomic.h>
#include <stddef.h>

#include "base/fail.h"

#define PARALLEL_WINDOW 64
#define PARALLEL_THREADS_MAX 4

struct parallel_jobs {
	size_t count;
	/* on any thread; *dropped becomes true when the outcome is no longer asked for: then fail
	 * soon, for whatever reason */
	int (*run)(void *context, size_t job, const atomic_bool *dropped, struct fail *f);
	/* on any thread, but never two at once */
	void (*take)(void *context, size_t job);
	void *context;
};

/* parallel_threads - as many as there are processors, at most PARALLEL_THREADS_MAX */
unsigned parallel_threads(void);

/* parallel_run - all jobs, on so many threads at most (1 to PARALLEL_THREADS_MAX) */
MUST_CHECK int parallel_run(const struct parallel_jobs *jobs, unsigned threads, struct fail *f);

#endif
