/* workers - threads that send what one thread hands to them, over connections that they share,
 * within a bound of memory.
 *
 * A worker makes requests and waits for their answers; how many jobs are under way at once follows
 * the network (upload/window.h), and a worker is started when there is work within that which no
 * other is free for. Jobs are begun in the order in which they were added, small ones and others
 * each in theirs: while both wait, half of those under way, at least one, are small ones. They cost
 * a store time rather than bytes, the others bytes rather than time: side by side neither waits for
 * the other. Those of one series run one after the other. The first failure is kept; from then on
 * nothing is begun, and every call here returns it. A job that was added is always released, run or
 * not.
 */
#ifndef MODELHOOK_UPLOAD_WORKERS_H
#define MODELHOOK_UPLOAD_WORKERS_H

#include <pthread.h>

#include "base/fail.h"
#include "store/store.h"
#include "upload/window.h"

#define WORKERS_MAX STORE_PARALLEL_MAX

struct worker_job {
	int (*run)(void *context, struct store *store, struct fail *f);
	void (*release)(void *context); /* gives back its memory too */
	void *context;
	const void *series; /* or NULL: it may run beside any other */
	uint64_t bytes;	    /* that it sends */
	bool small;
};

struct worker_entry;

/* Jobs that wait. */
struct worker_queue {
	struct worker_entry *first, *last;
	size_t count;
};

struct worker {
	struct workers *workers;
	struct store store;
	pthread_t thread;
	const struct worker_job *job; /* that runs, or NULL */
};

struct workers {
	const struct store *store; /* borrowed */
	size_t memory_max;	   /* bytes that may be taken at once */
	pthread_mutex_t lock;
	pthread_cond_t work;	    /* for workers: there may be a job to begin */
	pthread_cond_t changed;	    /* for who hands over: memory, or a job is done */
	struct http_engine *engine; /* once a worker is started */
	struct window window;
	uint64_t pushbacks; /* of the engine, that the window knows of */
	struct worker workers[WORKERS_MAX];
	unsigned count; /* started */
	unsigned busy;
	size_t taken;
	struct worker_queue large, small;
	bool failed, ending;
	struct fail fail;
};

/* workers_open - starts nothing yet. Must not be moved until workers_release. */
void workers_open(
	struct workers *workers, const struct store *store, unsigned most, size_t memory_max);

/* Whoever hands over may have to wait; patience: for how many ms at most, of which what is left
 * stays there, NULL: for as long as it takes. LATER where that is over. */

/* workers_take_memory - wait until so many bytes are free (more than all there is: until nothing is
 * taken), and take them */
MUST_CHECK int workers_take_memory(
	struct workers *workers, size_t bytes, int64_t *patience, struct fail *f);
void workers_give_memory(struct workers *workers, size_t bytes);

/* workers_add - the job is released by the workers, whatever the result */
MUST_CHECK int workers_add(struct workers *workers, const struct worker_job *job, struct fail *f);

/* workers_wait_for - until a job that was added has set *done, by workers_set */
MUST_CHECK int workers_wait_for(
	struct workers *workers, const bool *done, int64_t *patience, struct fail *f);
void workers_set(struct workers *workers, bool *done);

/* workers_wait - until all jobs are done */
MUST_CHECK int workers_wait(struct workers *workers, struct fail *f);

/* workers_release - begin nothing more, wait for what runs, end the threads */
void workers_release(struct workers *workers);

#endif
