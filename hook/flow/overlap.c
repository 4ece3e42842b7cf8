#include "flow/overlap.h"

#include <errno.h>
#include <time.h>

#include "base/thread.h"

#define MODEL_LEAST ((uint64_t)64 << 20)
#define CONNECT_SECONDS 1

static bool pays(const struct flow *flow)
{
	const struct settings *settings = &flow->call->settings;
	return !settings->mlflow.plan && settings->store.limit_rate == 0 &&
	       flow->manifest->model_bytes >= MODEL_LEAST;
}

static void *connect_flow(void *context)
{
	struct ahead *ahead = context;
	ahead->result = flow_connect(ahead->flow, &ahead->connection, &ahead->fail);
	if (ahead->result == 0)
		ahead->upload = upload_tap(&ahead->flow->upload);
	pthread_mutex_lock(&ahead->lock);
	ahead->ended = true;
	pthread_cond_broadcast(&ahead->changed);
	pthread_mutex_unlock(&ahead->lock);
	return NULL;
}

void ahead_start(struct ahead *ahead, struct flow *flow)
{
	struct fail unsaid; /* without a thread everything is done later */
	*ahead = (struct ahead){.flow = flow, .index = flow->manifest->file_count};
	if (!pays(flow))
		return;
	INVARIANT(pthread_mutex_init(&ahead->lock, NULL) == 0);
	INVARIANT(pthread_cond_init(&ahead->changed, NULL) == 0);
	flow->call->deadline.cancelled = &ahead->cancelled;
	ahead->started = thread_start(&ahead->thread, connect_flow, ahead, &unsaid) == 0;
	if (!ahead->started)
		flow->call->deadline.cancelled = NULL;
}

/* Whether there is a connection; waits for it once. */
static bool is_connected(struct ahead *ahead)
{
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += CONNECT_SECONDS;
	pthread_mutex_lock(&ahead->lock);
	while (!ahead->ended && !ahead->waited)
		ahead->waited =
			pthread_cond_timedwait(&ahead->changed, &ahead->lock, &until) == ETIMEDOUT;
	bool ended = ahead->ended;
	pthread_mutex_unlock(&ahead->lock);
	return ended && ahead->result == 0;
}

/* Whether this file goes up too: from its first byte on, or not now. */
static bool goes(struct ahead *ahead, size_t index)
{
	if (index != ahead->index) {
		ahead->index = index;
		ahead->goes = ahead->started && is_connected(ahead);
	}
	return ahead->goes;
}

static void take_bytes(void *context, size_t index, const void *bytes, size_t size)
{
	struct ahead *ahead = context;
	if (goes(ahead, index))
		ahead->upload.bytes(ahead->upload.context, index, bytes, size);
}

static void take_end(void *context, size_t index)
{
	struct ahead *ahead = context;
	if (goes(ahead, index))
		ahead->upload.end(ahead->upload.context, index);
}

struct package_tap ahead_tap(struct ahead *ahead)
{
	return (struct package_tap){.bytes = take_bytes, .end = take_end, .context = ahead};
}

static void join(struct ahead *ahead)
{
	pthread_join(ahead->thread, NULL);
	pthread_cond_destroy(&ahead->changed);
	pthread_mutex_destroy(&ahead->lock);
	ahead->started = false;
	ahead->flow->call->deadline.cancelled = NULL;
}

int ahead_join(struct ahead *ahead, struct fail *f)
{
	if (!ahead->started)
		return 0;
	join(ahead);
	flow_note_connect(ahead->flow, &ahead->connection);
	if (ahead->result != 0)
		*f = ahead->fail;
	return ahead->result;
}

/* What is on its way is cut off, so that nobody waits for a server that hangs; then it is asked, as
 * long as it answers, to drop what it has. */
void ahead_cancel(struct ahead *ahead, const struct fail *f)
{
	struct upload *upload = &ahead->flow->upload;
	if (!ahead->started)
		return;
	atomic_store(&ahead->cancelled, true);
	join(ahead);
	text_release(&ahead->connection.did);
	if (upload->is_open)
		deliveries_settle(&upload->deliveries);
	atomic_store(&ahead->cancelled, false);
	upload_release(upload, f);
}
