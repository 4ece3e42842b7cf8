#include "mlflow/two_ended.h"

#include "base/fail.h"
#include "base/panic.h"
#include "base/stop.h"
#include "base/thread.h"
#include "http/http.h"
#include "http/types.h"
#include "mlflow/call.h"

#define PAGES_MAX 100000

/* A server's worker that is at work leaves a new connection to one that is not: who asks this much
 * later, for the first time, is answered beside the other, by two workers for good. */
#define SPREAD_MS 30

void mlflow_two_ended_lock(struct mlflow_two_ended *ends)
{
	pthread_mutex_lock(&ends->lock);
}

void mlflow_two_ended_unlock(struct mlflow_two_ended *ends)
{
	pthread_mutex_unlock(&ends->lock);
}

static bool is_over(struct mlflow_two_ended *ends, int end)
{
	mlflow_two_ended_lock(ends);
	bool over = ends->over || ends->failed || (end == 1 && ends->back_is_done);
	mlflow_two_ended_unlock(ends);
	return over;
}

static void note(struct mlflow_two_ended *ends, const struct fail *f)
{
	mlflow_two_ended_lock(ends);
	if (!ends->failed)
		ends->fail = *f;
	ends->failed = true;
	mlflow_two_ended_unlock(ends);
}

static void read_from(struct mlflow_two_ended *ends, int end, struct mlflow *m)
{
	struct fail f;
	int result = 0;
	for (int page = 0; result == 0 && !is_over(ends, end); page++)
		result = page < PAGES_MAX ? ends->page(ends->context, ends, end, m, &f)
					  : fail_set(&f, STATUS_NOT_A_REGISTRY,
						    "the pages of the list do not end");
	if (result != 0)
		note(ends, &f);
}

/* The second end and what its thread needs. */
struct back {
	struct mlflow_two_ended *ends;
	struct mlflow mlflow;
	struct http http;
};

static void *read_back(void *context)
{
	struct back *back = context;
	struct fail f;
	if (stop_sleep(SPREAD_MS, &f) != 0)
		note(back->ends, &f);
	else
		read_from(back->ends, 1, &back->mlflow);
	return NULL;
}

/* Without the second end it only takes longer. */
static void read_both(struct mlflow_two_ended *ends, struct mlflow *m)
{
	struct back back = {.ends = ends, .mlflow = mlflow_beside(m, &back.http)};
	struct fail ignored;
	pthread_t thread;
	bool opened = http_open_beside(m->http, NULL, &back.http, &ignored) == 0;
	bool started = opened && thread_start(&thread, read_back, &back, &ignored) == 0;
	read_from(ends, 0, m);
	if (started)
		pthread_join(thread, NULL);
	if (opened)
		http_release(&back.http);
}

int mlflow_two_ended_read(
	struct mlflow *m, mlflow_two_ended_function *page, void *context, struct fail *f)
{
	struct mlflow_two_ended ends = {.page = page, .context = context};
	INVARIANT(pthread_mutex_init(&ends.lock, NULL) == 0);
	int result = page(context, &ends, 0, m, f);
	if (result == 0 && !ends.over)
		read_both(&ends, m);
	pthread_mutex_destroy(&ends.lock);
	if (!ends.failed)
		return result;
	*f = ends.fail;
	return -1;
}
