#include "upload/window.h"

#define FIRST 8
#define COUNTED_MAX ((uint64_t)1 << 20)
#define JOB_BYTES (64 << 10) /* what a request costs besides its bytes, as bytes */
#define FASTER 1.05
#define FLAT_ROUNDS 2  /* one may have been unlucky */
#define PUSHBACKS_IN 8 /* jobs, one of which was pushed back: that is too many */

static void begin_round(struct window *w, int64_t now_ms)
{
	w->round = w->left = w->size;
	w->work = 0;
	w->began_ms = now_ms;
	w->pushbacks = 0;
	w->halved = false;
}

void window_open(struct window *w, unsigned most, int64_t now_ms)
{
	*w = (struct window){.most = most, .size = most < FIRST ? most : FIRST};
	begin_round(w, now_ms);
}

static void end_round(struct window *w, int64_t now_ms)
{
	int64_t ms = now_ms > w->began_ms ? now_ms - w->began_ms : 1;
	double rate = w->work * 1000 / (double)ms;
	bool faster = rate > FASTER * w->best;
	w->flat = faster ? 0 : w->flat + 1;
	if (faster) {
		w->best = rate;
		w->best_size = w->round;
	}
	if (w->flat == FLAT_ROUNDS)
		w->size = w->best_size;
	begin_round(w, now_ms);
}

void window_ended(struct window *w, uint64_t bytes, int64_t now_ms)
{
	if (bytes > COUNTED_MAX)
		return;
	w->work += (double)bytes + JOB_BYTES;
	if (w->size < w->most && w->flat < FLAT_ROUNDS && !w->halved)
		w->size++;
	if (--w->left == 0)
		end_round(w, now_ms);
}

void window_pushback(struct window *w, uint64_t count, int64_t now_ms)
{
	w->pushbacks += (unsigned)(count < w->most ? count : w->most);
	if (w->halved || w->pushbacks * PUSHBACKS_IN < w->size)
		return;
	w->size = w->size > 1 ? w->size / 2 : 1;
	w->best = 0;
	w->flat = 0;
	begin_round(w, now_ms);
	w->halved = true;
}
