#include "base/parallel.h"

#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/panic.h"
#include "base/thread.h"

/* A job that was begun and is not taken yet. */
struct slot {
	bool ended;
	int result;
	struct fail fail;
	atomic_bool dropped;
};

struct parallel {
	const struct parallel_jobs *jobs;
	pthread_mutex_t lock; /* of what follows, but for `fail` of a job that runs */
	pthread_cond_t taken_more;
	size_t begun, taken; /* the first so many jobs */
	bool failed;
	struct slot slots[PARALLEL_WINDOW];
};

static struct slot *slot_of(struct parallel *a, size_t job)
{
	return &a->slots[job % PARALLEL_WINDOW];
}

static bool begin(struct parallel *a, size_t *job)
{
	while (!a->failed && a->begun - a->taken == PARALLEL_WINDOW)
		pthread_cond_wait(&a->taken_more, &a->lock);
	if (a->failed || a->begun == a->jobs->count)
		return false;
	*job = a->begun++;
	slot_of(a, *job)->ended = false;
	return true;
}

static void drop_those_after(struct parallel *a, size_t job)
{
	a->failed = true;
	for (size_t i = job + 1; i < a->begun; i++)
		atomic_store(&slot_of(a, i)->dropped, true);
}

static bool can_take(struct parallel *a)
{
	const struct slot *slot = slot_of(a, a->taken);
	return a->taken < a->begun && slot->ended && slot->result == 0;
}

static void end(struct parallel *a, size_t job, int result)
{
	struct slot *slot = slot_of(a, job);
	slot->ended = true;
	slot->result = result;
	if (result != 0)
		drop_those_after(a, job);
	while (can_take(a))
		a->jobs->take(a->jobs->context, a->taken++);
	pthread_cond_broadcast(&a->taken_more);
}

static void *work(void *context)
{
	struct parallel *a = context;
	size_t job;
	pthread_mutex_lock(&a->lock);
	while (begin(a, &job)) {
		struct slot *slot = slot_of(a, job);
		pthread_mutex_unlock(&a->lock);
		int result = a->jobs->run(a->jobs->context, job, &slot->dropped, &slot->fail);
		pthread_mutex_lock(&a->lock);
		end(a, job, result);
	}
	pthread_mutex_unlock(&a->lock);
	return NULL;
}

unsigned parallel_threads(void)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	if (processors < 1)
		return 1;
	return processors < PARALLEL_THREADS_MAX ? (unsigned)processors : PARALLEL_THREADS_MAX;
}

int parallel_run(const struct parallel_jobs *jobs, unsigned threads, struct fail *f)
{
	pthread_t others[PARALLEL_THREADS_MAX - 1];
	unsigned count = 0;
	struct fail ignored; /* fewer threads only take longer */
	INVARIANT(threads >= 1 && threads <= PARALLEL_THREADS_MAX);
	struct parallel *a = memory_get(1, sizeof(*a));
	a->jobs = jobs;
	INVARIANT(pthread_mutex_init(&a->lock, NULL) == 0);
	INVARIANT(pthread_cond_init(&a->taken_more, NULL) == 0);
	while (count + 1 < threads && count + 1 < jobs->count &&
		thread_start(&others[count], work, a, &ignored) == 0)
		count++;
	work(a);
	while (count > 0)
		pthread_join(others[--count], NULL);
	if (a->failed) /* all are taken up to the first that failed */
		*f = slot_of(a, a->taken)->fail;
	int result = a->failed ? -1 : 0;
	pthread_cond_destroy(&a->taken_more);
	pthread_mutex_destroy(&a->lock);
	free(a);
	return result;
}
