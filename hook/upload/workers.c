#include "upload/workers.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/thread.h"
#include "stores/open.h"

#define WAITING_MAX 1024 /* small jobs need little room, but something all the same */

struct lane_entry {
	struct lane_job job;
	struct lane_entry *next;
};

void lanes_open(struct lanes *lanes, const struct store *store, unsigned max, size_t room)
{
	*lanes = (struct lanes){.store = store, .max = max, .room = room};
	INVARIANT(max > 0 && max <= LANES_MAX);
	pthread_condattr_t attributes;
	INVARIANT(pthread_mutex_init(&lanes->lock, NULL) == 0);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	INVARIANT(pthread_cond_init(&lanes->changed, &attributes) == 0);
	pthread_condattr_destroy(&attributes);
}

static void lock(struct lanes *lanes)
{
	pthread_mutex_lock(&lanes->lock);
}

static void unlock(struct lanes *lanes)
{
	pthread_cond_broadcast(&lanes->changed);
	pthread_mutex_unlock(&lanes->lock);
}

static void wait_for_change(struct lanes *lanes)
{
	pthread_cond_wait(&lanes->changed, &lanes->lock);
}

/* False once that moment of the monotonic clock is over. */
static bool wait_for_change_until(struct lanes *lanes, int64_t at)
{
	struct timespec moment = {.tv_sec = at / 1000, .tv_nsec = at % 1000 * 1000000};
	return pthread_cond_timedwait(&lanes->changed, &lanes->lock, &moment) != ETIMEDOUT;
}

static void note_failure(struct lanes *lanes, const struct fail *f)
{
	if (!lanes->failed)
		lanes->fail = *f;
	lanes->failed = true;
}

/* What was kept, if anything failed. */
static int result_of(const struct lanes *lanes, struct fail *f)
{
	if (!lanes->failed)
		return 0;
	*f = lanes->fail;
	return -1;
}

static bool series_runs(const struct lanes *lanes, const void *series)
{
	for (unsigned i = 0; series != NULL && i < lanes->count; i++)
		if (lanes->lanes[i].job != NULL && lanes->lanes[i].job->series == series)
			return true;
	return false;
}

static unsigned small_that_run(const struct lanes *lanes)
{
	unsigned count = 0;
	for (unsigned i = 0; i < lanes->count; i++)
		count += lanes->lanes[i].job != NULL && lanes->lanes[i].job->small;
	return count;
}

/* The first job that may begin, taken out of the queue; NULL where there is none. */
static struct lane_entry *take_from(struct lanes *lanes, struct lane_queue *queue)
{
	struct lane_entry *before = NULL;
	for (struct lane_entry *entry = queue->first; entry != NULL;
		before = entry, entry = entry->next) {
		if (series_runs(lanes, entry->job.series))
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

static struct lane_entry *take_job(struct lanes *lanes)
{
	unsigned share = (lanes->max + 1) / 2;
	bool small_first = small_that_run(lanes) < share;
	struct lane_entry *entry = take_from(lanes, small_first ? &lanes->small : &lanes->large);
	if (entry == NULL)
		entry = take_from(lanes, small_first ? &lanes->large : &lanes->small);
	return entry;
}

static size_t waiting(const struct lanes *lanes)
{
	return lanes->large.count + lanes->small.count;
}

/* Called with the lock held, which is let go while the job runs. */
static void run_job(struct lane *lane, struct lane_entry *entry)
{
	struct lanes *lanes = lane->lanes;
	bool skip = lanes->failed || lanes->ending;
	struct fail fail;
	lanes->busy++;
	lane->job = &entry->job;
	unlock(lanes);
	int result = skip ? 0 : entry->job.run(entry->job.context, &lane->store, &fail);
	entry->job.release(entry->job.context);
	lock(lanes);
	if (result != 0)
		note_failure(lanes, &fail);
	lane->job = NULL;
	free(entry);
	lanes->busy--;
	pthread_cond_broadcast(&lanes->changed);
}

static void *lane_main(void *context)
{
	struct lane *lane = context;
	struct lanes *lanes = lane->lanes;
	lock(lanes);
	while (!lanes->ending || waiting(lanes) > 0) {
		struct lane_entry *entry = take_job(lanes);
		if (entry != NULL)
			run_job(lane, entry);
		else
			wait_for_change(lanes);
	}
	unlock(lanes);
	return NULL;
}

static int start_lane(struct lanes *lanes, struct fail *f)
{
	struct lane *lane = &lanes->lanes[lanes->count];
	lane->lanes = lanes;
	if (store_open_lane(lanes->store, &lane->store, f) != 0)
		return -1;
	if (thread_start(&lane->thread, lane_main, lane, f) == 0) {
		lanes->count++;
		return 0;
	}
	store_release(&lane->store);
	return -1;
}

/* One lane has to be there; without the others it only takes longer. */
static int want_lane(struct lanes *lanes, struct fail *f)
{
	if (lanes->count == lanes->max || lanes->busy + waiting(lanes) < lanes->count)
		return 0;
	return start_lane(lanes, f) == 0 || lanes->count > 0 ? 0 : -1;
}

static void append(struct lanes *lanes, const struct lane_job *job)
{
	struct lane_entry *entry = memory_get(1, sizeof(*entry));
	entry->job = *job;
	struct lane_queue *queue = job->small ? &lanes->small : &lanes->large;
	if (queue->last != NULL)
		queue->last->next = entry;
	else
		queue->first = entry;
	queue->last = entry;
	queue->count++;
}

int lanes_add(struct lanes *lanes, const struct lane_job *job, struct fail *f)
{
	lock(lanes);
	while (!lanes->failed && waiting(lanes) >= WAITING_MAX)
		wait_for_change(lanes);
	int result = result_of(lanes, f);
	if (result == 0)
		result = want_lane(lanes, f);
	if (result == 0)
		append(lanes, job);
	unlock(lanes);
	if (result != 0)
		job->release(job->context);
	return result;
}

static bool lacks_room(const struct lanes *lanes, size_t bytes)
{
	return !lanes->failed && lanes->taken > 0 && lanes->taken + bytes > lanes->room;
}

bool lanes_try_room(struct lanes *lanes, size_t bytes, int64_t *ms)
{
	int64_t until = clock_monotonic_ms() + *ms;
	lock(lanes);
	while (lacks_room(lanes, bytes) && wait_for_change_until(lanes, until))
		;
	bool taken = !lanes->failed && !lacks_room(lanes, bytes);
	lanes->taken += taken ? bytes : 0;
	unlock(lanes);
	int64_t left = until - clock_monotonic_ms();
	*ms = left > 0 ? left : 0;
	return taken;
}

int lanes_take_room(struct lanes *lanes, size_t bytes, struct fail *f)
{
	lock(lanes);
	while (lacks_room(lanes, bytes))
		wait_for_change(lanes);
	int result = result_of(lanes, f);
	if (result == 0)
		lanes->taken += bytes;
	unlock(lanes);
	return result;
}

void lanes_give_room(struct lanes *lanes, size_t bytes)
{
	lock(lanes);
	lanes->taken -= bytes;
	unlock(lanes);
}

int lanes_wait(struct lanes *lanes, struct fail *f)
{
	lock(lanes);
	while (lanes->busy > 0 || waiting(lanes) > 0)
		wait_for_change(lanes);
	int result = result_of(lanes, f);
	unlock(lanes);
	return result;
}

void lanes_release(struct lanes *lanes)
{
	lock(lanes);
	lanes->ending = true;
	unlock(lanes);
	for (unsigned i = 0; i < lanes->count; i++) {
		pthread_join(lanes->lanes[i].thread, NULL);
		store_release(&lanes->lanes[i].store);
	}
	pthread_cond_destroy(&lanes->changed);
	pthread_mutex_destroy(&lanes->lock);
	*lanes = (struct lanes){0};
}
