/* window - how many jobs are under way at once: as many as the network and the server turn into
 * throughput, and no more.
 *
 * It starts small and grows by one with each job that ends, so that it doubles in the time of one
 * job; when rounds of that many jobs are no faster than one before, it goes back to the size of the
 * fastest. Large jobs are bounded by memory, and say nothing of small ones: they do not count. A
 * server that asks for less (429, 503, no answer in time) of one job in eight halves it, once a
 * round: what was under way before the halving tells nothing new. From there it grows again. A
 * refusal now and then is not the load's fault, and costs that job alone. Decisions only: no clock,
 * no thread.
 */
#ifndef MODELHOOK_UPLOAD_WINDOW_H
#define MODELHOOK_UPLOAD_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

struct window {
	unsigned size; /* jobs that may be under way */
	unsigned most;
	unsigned round;	    /* jobs in this round */
	unsigned left;	    /* that end before it does */
	double work;	    /* of the round so far, in bytes */
	int64_t began_ms;   /* the round */
	double best;	    /* bytes a second of the fastest round since the last halving ... */
	unsigned best_size; /* ... and its jobs */
	unsigned flat;	    /* rounds that were no faster, one after the other */
	unsigned pushbacks; /* in this round */
	bool halved;	    /* it began with that */
};

/* window_open - at most `most`, one at least */
void window_open(struct window *w, unsigned most, int64_t now_ms);

/* window_ended - a job of so many bytes ended well */
void window_ended(struct window *w, uint64_t bytes, int64_t now_ms);

/* window_pushback - a server asked for less, so many times */
void window_pushback(struct window *w, uint64_t count, int64_t now_ms);

#endif
