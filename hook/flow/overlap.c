#include "flow/overlap.h"

#include <errno.h>
#include <time.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/panic.h"
#include "base/text.h"
#include "base/thread.h"
#include "packaging/package/package_write.h"
#include "upload/model.h"
#include "upload/transfer.h"

#define MODEL_LEAST ((uint64_t)64 << 20)
#define CONNECT_SECONDS 1
#define PATIENCE_MS 10000

static bool pays(const struct flow *flow)
{
	const struct settings *settings = &flow->call->settings;
	return !settings->mlflow.plan && settings->store.limit_rate == 0 &&
	       flow->manifest->model_bytes >= MODEL_LEAST;
}

static void *connect_flow(void *context)
{
	struct overlap *overlap = context;
	overlap->result = flow_connect(overlap->flow, &overlap->connection, &overlap->fail);
	pthread_mutex_lock(&overlap->lock);
	overlap->ended = true;
	pthread_cond_broadcast(&overlap->changed);
	pthread_mutex_unlock(&overlap->lock);
	return NULL;
}

void overlap_start(struct overlap *overlap, struct flow *flow)
{
	struct fail ignored; /* without a thread everything is done later */
	*overlap = (struct overlap){
		.flow = flow, .index = flow->manifest->file_count, .patience = PATIENCE_MS};
	if (!pays(flow))
		return;
	INVARIANT(pthread_mutex_init(&overlap->lock, NULL) == 0);
	INVARIANT(pthread_cond_init(&overlap->changed, NULL) == 0);
	flow->call->deadline.cancelled = &overlap->cancelled;
	overlap->started = thread_start(&overlap->thread, connect_flow, overlap, &ignored) == 0;
	if (!overlap->started)
		flow->call->deadline.cancelled = NULL;
}

/* Whether there is a connection; waits for it once. */
static bool is_connected(struct overlap *overlap)
{
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += CONNECT_SECONDS;
	pthread_mutex_lock(&overlap->lock);
	while (!overlap->ended && !overlap->waited)
		overlap->waited = pthread_cond_timedwait(
					  &overlap->changed, &overlap->lock, &until) == ETIMEDOUT;
	bool ended = overlap->ended;
	pthread_mutex_unlock(&overlap->lock);
	return ended && overlap->result == 0;
}

/* Whether this file goes up too: from its first byte on, or not now. */
static bool goes(struct overlap *overlap, size_t index)
{
	if (index != overlap->index) {
		overlap->index = index;
		overlap->goes = overlap->started && overlap->patience > 0 &&
				is_connected(overlap) && upload_may_start(&overlap->flow->upload);
	}
	return overlap->goes;
}

/* What fails here fails again, and is said, when the upload is run. */
static void next(void *context, size_t index, const void *bytes, size_t size)
{
	struct overlap *overlap = context;
	struct fail ignored;
	if (goes(overlap, index) && upload_next(&overlap->flow->upload, index, bytes, size,
					    &overlap->patience, &ignored) != 0) {
		overlap->patience = 0;
		overlap->goes = false;
	}
}

struct package_tap overlap_tap(struct overlap *overlap)
{
	return (struct package_tap){.next = next, .context = overlap};
}

static void join(struct overlap *overlap)
{
	pthread_join(overlap->thread, NULL);
	pthread_cond_destroy(&overlap->changed);
	pthread_mutex_destroy(&overlap->lock);
	overlap->started = false;
	overlap->flow->call->deadline.cancelled = NULL;
}

int overlap_join(struct overlap *overlap, struct fail *f)
{
	if (!overlap->started)
		return 0;
	join(overlap);
	flow_note_connect(overlap->flow, &overlap->connection);
	if (overlap->result != 0)
		*f = overlap->fail;
	return overlap->result;
}

/* What is on its way is cut off, so that nobody waits for a server that hangs; then it is asked, as
 * long as it answers, to drop what it has. */
void overlap_cancel(struct overlap *overlap, const struct fail *f)
{
	struct upload *upload = &overlap->flow->upload;
	if (!overlap->started)
		return;
	atomic_store(&overlap->cancelled, true);
	join(overlap);
	text_release(&overlap->connection.did);
	if (upload->is_open)
		transfers_settle(&upload->transfers);
	atomic_store(&overlap->cancelled, false);
	upload_release(upload, f);
}
