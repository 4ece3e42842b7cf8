#include "upload/workers.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/memory.h"
#include "base/panic.h"
#include "base/thread.h"
#include "stores/open.h"

#define WAITING_MAX 1024 /* even a small job takes some memory */

struct worker_entry {
	struct worker_job job;
	struct worker_entry *next;
};

void workers_open(
	struct workers *workers, const struct store *store, unsigned max, size_t memory_max)
{
	*workers = (struct workers){.store = store, .max = max, .memory_max = memory_max};
	INVARIANT(max > 0 && max <= WORKERS_MAX);
	pthread_condattr_t attributes;
	INVARIANT(pthread_mutex_init(&workers->lock, NULL) == 0);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	INVARIANT(pthread_cond_init(&workers->changed, &attributes) == 0);
	pthread_condattr_destroy(&attributes);
}

static void lock(struct workers *workers)
{
	pthread_mutex_lock(&workers->lock);
}

static void unlock(struct workers *workers)
{
	pthread_cond_broadcast(&workers->changed);
	pthread_mutex_unlock(&workers->lock);
}

static void wait_for_change(struct workers *workers)
{
	pthread_cond_wait(&workers->changed, &workers->lock);
}

/* False once that moment of the monotonic clock is over. */
static bool wait_for_change_until(struct workers *workers, int64_t at)
{
	struct timespec moment = {.tv_sec = at / 1000, .tv_nsec = at % 1000 * 1000000};
	return pthread_cond_timedwait(&workers->changed, &workers->lock, &moment) != ETIMEDOUT;
}

static void note_failure(struct workers *workers, const struct fail *f)
{
	if (!workers->failed)
		workers->fail = *f;
	workers->failed = true;
}

/* What was kept, if anything failed. */
static int result_of(const struct workers *workers, struct fail *f)
{
	if (!workers->failed)
		return 0;
	*f = workers->fail;
	return -1;
}

static bool series_runs(const struct workers *workers, const void *series)
{
	for (unsigned i = 0; series != NULL && i < workers->count; i++)
		if (workers->workers[i].job != NULL && workers->workers[i].job->series == series)
			return true;
	return false;
}

static unsigned small_that_run(const struct workers *workers)
{
	unsigned count = 0;
	for (unsigned i = 0; i < workers->count; i++)
		count += workers->workers[i].job != NULL && workers->workers[i].job->small;
	return count;
}

/* The first job that may begin, taken out of the queue; NULL where there is none. */
static struct worker_entry *take_from(struct workers *workers, struct worker_queue *queue)
{
	struct worker_entry *before = NULL;
	for (struct worker_entry *entry = queue->first; entry != NULL;
		before = entry, entry = entry->next) {
		if (series_runs(workers, entry->job.series))
			continue;
		if (before != NULL)
			before->next = entry->next;
		else
			queue->first = entry->next;
		if (queue->last == entry)
			queue->last = before;
		queue->count--;
		return entry;
	}
	return NULL;
}

static struct worker_entry *take_job(struct workers *workers)
{
	unsigned share = (workers->max + 1) / 2;
	bool small_first = small_that_run(workers) < share;
	struct worker_entry *entry =
		take_from(workers, small_first ? &workers->small : &workers->large);
	if (entry == NULL)
		entry = take_from(workers, small_first ? &workers->large : &workers->small);
	return entry;
}

static size_t waiting(const struct workers *workers)
{
	return workers->large.count + workers->small.count;
}

/* Called with the lock held, which is let go while the job runs. */
static void run_job(struct worker *worker, struct worker_entry *entry)
{
	struct workers *workers = worker->workers;
	bool skip = workers->failed || workers->ending;
	struct fail fail;
	workers->busy++;
	worker->job = &entry->job;
	unlock(workers);
	int result = skip ? 0 : entry->job.run(entry->job.context, &worker->store, &fail);
	entry->job.release(entry->job.context);
	lock(workers);
	if (result != 0)
		note_failure(workers, &fail);
	worker->job = NULL;
	free(entry);
	workers->busy--;
	pthread_cond_broadcast(&workers->changed);
}

static void *worker_main(void *context)
{
	struct worker *worker = context;
	struct workers *workers = worker->workers;
	lock(workers);
	while (!workers->ending || waiting(workers) > 0) {
		struct worker_entry *entry = take_job(workers);
		if (entry != NULL)
			run_job(worker, entry);
		else
			wait_for_change(workers);
	}
	unlock(workers);
	return NULL;
}

static int start_worker(struct workers *workers, struct fail *f)
{
	struct worker *worker = &workers->workers[workers->count];
	worker->workers = workers;
	if (store_open_worker(workers->store, &worker->store, f) != 0)
		return -1;
	if (thread_start(&worker->thread, worker_main, worker, f) == 0) {
		workers->count++;
		return 0;
	}
	store_release(&worker->store);
	return -1;
}

/* One worker has to be there; without the others it only takes longer. */
static int want_worker(struct workers *workers, struct fail *f)
{
	if (workers->count == workers->max || workers->busy + waiting(workers) < workers->count)
		return 0;
	return start_worker(workers, f) == 0 || workers->count > 0 ? 0 : -1;
}

static void append(struct workers *workers, const struct worker_job *job)
{
	struct worker_entry *entry = memory_get(1, sizeof(*entry));
	entry->job = *job;
	struct worker_queue *queue = job->small ? &workers->small : &workers->large;
	if (queue->last != NULL)
		queue->last->next = entry;
	else
		queue->first = entry;
	queue->last = entry;
	queue->count++;
}

int workers_add(struct workers *workers, const struct worker_job *job, struct fail *f)
{
	lock(workers);
	while (!workers->failed && waiting(workers) >= WAITING_MAX)
		wait_for_change(workers);
	int result = result_of(workers, f);
	if (result == 0)
		result = want_worker(workers, f);
	if (result == 0)
		append(workers, job);
	unlock(workers);
	if (result != 0)
		job->release(job->context);
	return result;
}

static bool lacks_memory(const struct workers *workers, size_t bytes)
{
	return !workers->failed && workers->taken > 0 &&
	       workers->taken + bytes > workers->memory_max;
}

bool workers_try_memory(struct workers *workers, size_t bytes, int64_t *ms)
{
	int64_t until = clock_monotonic_ms() + *ms;
	lock(workers);
	while (lacks_memory(workers, bytes) && wait_for_change_until(workers, until))
		;
	bool taken = !workers->failed && !lacks_memory(workers, bytes);
	workers->taken += taken ? bytes : 0;
	unlock(workers);
	int64_t left = until - clock_monotonic_ms();
	*ms = left > 0 ? left : 0;
	return taken;
}

int workers_take_memory(struct workers *workers, size_t bytes, struct fail *f)
{
	lock(workers);
	while (lacks_memory(workers, bytes))
		wait_for_change(workers);
	int result = result_of(workers, f);
	if (result == 0)
		workers->taken += bytes;
	unlock(workers);
	return result;
}

void workers_give_memory(struct workers *workers, size_t bytes)
{
	lock(workers);
	workers->taken -= bytes;
	unlock(workers);
}

int workers_wait(struct workers *workers, struct fail *f)
{
	lock(workers);
	while (workers->busy > 0 || waiting(workers) > 0)
		wait_for_change(workers);
	int result = result_of(workers, f);
	unlock(workers);
	return result;
}

void workers_release(struct workers *workers)
{
	lock(workers);
	workers->ending = true;
	unlock(workers);
	for (unsigned i = 0; i < workers->count; i++) {
		pthread_join(workers->workers[i].thread, NULL);
		store_release(&workers->workers[i].store);
	}
	pthread_cond_destroy(&workers->changed);
	pthread_mutex_destroy(&workers->lock);
	*workers = (struct workers){0};
}
