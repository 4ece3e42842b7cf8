#include "upload/workers.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/memory.h"
#include "base/panic.h"
#include "base/thread.h"
#include "http/engine.h"
#include "stores/open.h"

#define WAITING_MAX 256 /* small jobs take some memory too */

struct worker_entry {
	struct worker_job job;
	struct worker_entry *next;
};

void workers_open(
	struct workers *workers, const struct store *store, unsigned most, size_t memory_max)
{
	*workers = (struct workers){.store = store, .memory_max = memory_max};
	INVARIANT(most > 0 && most <= WORKERS_MAX);
	window_open(&workers->window, most, clock_monotonic_ms());
	pthread_condattr_t attributes;
	INVARIANT(pthread_mutex_init(&workers->lock, NULL) == 0);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	INVARIANT(pthread_cond_init(&workers->changed, &attributes) == 0);
	pthread_condattr_destroy(&attributes);
	INVARIANT(pthread_cond_init(&workers->work, NULL) == 0);
}

static void lock(struct workers *workers)
{
	pthread_mutex_lock(&workers->lock);
}

static void unlock(struct workers *workers)
{
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
	pthread_cond_broadcast(&workers->work);
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
	unsigned share = (workers->window.size + 1) / 2;
	if (workers->busy >= workers->window.size)
		return NULL;
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

static int start_worker(struct workers *workers, struct fail *f);

/* For so many jobs more than there are. One worker has to be there; without the others it only
 * takes longer. */
static int want_worker(struct workers *workers, unsigned more, struct fail *f)
{
	if (workers->count >= workers->window.size ||
		workers->busy + waiting(workers) + more <= workers->count)
		return 0;
	return start_worker(workers, f) == 0 || workers->count > 0 ? 0 : -1;
}

/* Called with the lock held. */
static void note_end(struct workers *workers, const struct worker_job *job)
{
	struct fail ignored;
	int64_t now = clock_monotonic_ms();
	uint64_t pushbacks = http_engine_pushbacks(workers->engine);
	if (pushbacks != workers->pushbacks)
		window_pushback(&workers->window, pushbacks - workers->pushbacks, now);
	window_ended(&workers->window, job->bytes, now);
	workers->pushbacks = pushbacks;
	if (!workers->failed && !workers->ending)
		(void)!want_worker(workers, 0, &ignored);
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
	worker->job = NULL;
	workers->busy--;
	if (result != 0)
		note_failure(workers, &fail);
	else
		note_end(workers, &entry->job);
	free(entry);
	pthread_cond_signal(&workers->work);
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
			pthread_cond_wait(&workers->work, &workers->lock);
	}
	unlock(workers);
	return NULL;
}

static int start_worker(struct workers *workers, struct fail *f)
{
	struct worker *worker = &workers->workers[workers->count];
	worker->workers = workers;
	if (workers->engine == NULL && http_engine_open(&workers->engine, f) != 0)
		return -1;
	if (store_open_worker(workers->store, workers->engine, &worker->store, f) != 0)
		return -1;
	if (thread_start(&worker->thread, worker_main, worker, f) == 0) {
		workers->count++;
		return 0;
	}
	store_release(&worker->store);
	return -1;
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
	pthread_cond_signal(&workers->work);
}

int workers_add(struct workers *workers, const struct worker_job *job, struct fail *f)
{
	lock(workers);
	while (!workers->failed && waiting(workers) >= WAITING_MAX)
		wait_for_change(workers);
	int result = result_of(workers, f);
	if (result == 0)
		result = want_worker(workers, 1, f);
	if (result == 0)
		append(workers, job);
	unlock(workers);
	if (result != 0)
		job->release(job->context);
	return result;
}

/* Until it is no more so, or something failed. */
static int wait_while(struct workers *workers, bool (*is_so)(struct workers *, const void *),
	const void *context, int64_t *patience, struct fail *f)
{
	int64_t until = patience != NULL ? clock_monotonic_ms() + *patience : 0;
	bool over = false;
	while (!over && !workers->failed && is_so(workers, context)) {
		if (patience == NULL)
			wait_for_change(workers);
		else
			over = !wait_for_change_until(workers, until);
	}
	int64_t left = until - clock_monotonic_ms();
	if (patience != NULL)
		*patience = left > 0 ? left : 0;
	if (result_of(workers, f) != 0)
		return -1;
	if (!is_so(workers, context))
		return 0;
	return fail_set(f, STATUS_LATER, "the store takes no more for now");
}

static bool lacks_memory(struct workers *workers, const void *context)
{
	const size_t *bytes = context;
	return workers->taken > 0 && workers->taken + *bytes > workers->memory_max;
}

int workers_take_memory(struct workers *workers, size_t bytes, int64_t *patience, struct fail *f)
{
	lock(workers);
	int result = wait_while(workers, lacks_memory, &bytes, patience, f);
	if (result == 0)
		workers->taken += bytes;
	unlock(workers);
	return result;
}

static bool is_unset(struct workers *workers, const void *context)
{
	const bool *done = context;
	(void)workers;
	return !*done;
}

int workers_wait_for(struct workers *workers, const bool *done, int64_t *patience, struct fail *f)
{
	lock(workers);
	int result = wait_while(workers, is_unset, done, patience, f);
	unlock(workers);
	return result;
}

void workers_set(struct workers *workers, bool *done)
{
	lock(workers);
	*done = true;
	pthread_cond_broadcast(&workers->changed);
	unlock(workers);
}

void workers_give_memory(struct workers *workers, size_t bytes)
{
	lock(workers);
	workers->taken -= bytes;
	pthread_cond_broadcast(&workers->changed);
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
	pthread_cond_broadcast(&workers->work);
	unlock(workers);
	for (unsigned i = 0; i < workers->count; i++) {
		pthread_join(workers->workers[i].thread, NULL);
		store_release(&workers->workers[i].store);
	}
	http_engine_close(workers->engine);
	pthread_cond_destroy(&workers->work);
	pthread_cond_destroy(&workers->changed);
	pthread_mutex_destroy(&workers->lock);
	*workers = (struct workers){0};
}
