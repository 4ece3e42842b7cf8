#include "http/engine.h"

#include <curl/curl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/memory.h"
#include "base/panic.h"
#include "base/signals.h"
#include "base/thread.h"
#include "http/transfer_types.h"

#define POLL_MS 1000
#define CONNECTIONS_KEPT 128L /* 64 requests, to two hosts */

struct http_engine {
	void *multi; /* of the engine's thread alone */
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows, and of each transfer's engine_state and ended */
	struct http_transfer *incoming, *moving, *outgoing;
	bool ending;
	bool stop_told; /* a stop was asked for, and every waiter knows */
	atomic_uint_fast64_t pushbacks;
};

void http_waiter_init(struct http_waiter *waiter)
{
	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	INVARIANT(pthread_cond_init(&waiter->signal, &attributes) == 0);
	pthread_condattr_destroy(&attributes);
}

void http_waiter_release(struct http_waiter *waiter)
{
	pthread_cond_destroy(&waiter->signal);
}

static void list_add(struct http_transfer **list, struct http_transfer *t)
{
	t->next = *list;
	*list = t;
}

static void list_remove(struct http_transfer **list, const struct http_transfer *t)
{
	while (*list != t)
		list = &(*list)->next;
	*list = t->next;
}

/* With the lock held, as the others below. */
static void take_out(struct http_transfer *t)
{
	t->engine_state = ENGINE_NOT_THERE;
	pthread_cond_signal(&t->waiter->signal);
}

static void add_incoming(struct http_engine *engine)
{
	for (struct http_transfer *t; (t = engine->incoming) != NULL;) {
		engine->incoming = t->next;
		t->engine_state = ENGINE_MOVES;
		list_add(&engine->moving, t);
		INVARIANT(curl_multi_add_handle(engine->multi, t->easy) == CURLM_OK);
	}
}

static void remove_outgoing(struct http_engine *engine)
{
	for (struct http_transfer *t; (t = engine->outgoing) != NULL;) {
		engine->outgoing = t->next;
		curl_multi_remove_handle(engine->multi, t->easy);
		take_out(t);
	}
}

static void collect_ended(struct http_engine *engine)
{
	int left;
	for (CURLMsg *message; (message = curl_multi_info_read(engine->multi, &left)) != NULL;) {
		struct http_transfer *t = NULL;
		int code = (int)message->data.result;
		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t);
		curl_multi_remove_handle(engine->multi, t->easy);
		list_remove(
			t->engine_state == ENGINE_MOVES ? &engine->moving : &engine->outgoing, t);
		t->code = code;
		t->ended = true;
		take_out(t);
	}
}

/* Who waits looks at the signal itself. */
static void tell_of_stop(struct http_engine *engine)
{
	if (engine->stop_told || signals_asked() == 0)
		return;
	engine->stop_told = true;
	for (struct http_transfer *t = engine->moving; t != NULL; t = t->next)
		pthread_cond_signal(&t->waiter->signal);
}

static void wait_for_bytes(struct http_engine *engine)
{
	struct curl_waitfd stop = {.fd = signals_fd(), .events = CURL_WAIT_POLLIN};
	unsigned more = stop.fd >= 0 && !engine->stop_told ? 1 : 0;
	INVARIANT(curl_multi_poll(engine->multi, &stop, more, POLL_MS, NULL) == CURLM_OK);
}

static void *turn(void *context)
{
	struct http_engine *engine = context;
	int moving;
	pthread_mutex_lock(&engine->lock);
	while (!engine->ending) {
		add_incoming(engine);
		remove_outgoing(engine);
		tell_of_stop(engine);
		pthread_mutex_unlock(&engine->lock);
		INVARIANT(curl_multi_perform(engine->multi, &moving) == CURLM_OK);
		pthread_mutex_lock(&engine->lock);
		collect_ended(engine);
		if (engine->incoming != NULL || engine->outgoing != NULL)
			continue;
		pthread_mutex_unlock(&engine->lock);
		wait_for_bytes(engine);
		pthread_mutex_lock(&engine->lock);
	}
	pthread_mutex_unlock(&engine->lock);
	return NULL;
}

int http_engine_open(struct http_engine **engine, struct fail *f)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return fail_set(f, STATUS_LATER, "libcurl could not be started");
	struct http_engine *new = memory_get(1, sizeof(*new));
	new->multi = curl_multi_init();
	if (new->multi == NULL)
		panic_out_of_memory();
	curl_multi_setopt(new->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_KEPT);
	INVARIANT(pthread_mutex_init(&new->lock, NULL) == 0);
	*engine = new;
	if (thread_start(&new->thread, turn, new, f) == 0)
		return 0;
	pthread_mutex_destroy(&new->lock);
	curl_multi_cleanup(new->multi);
	curl_global_cleanup();
	free(new);
	*engine = NULL;
	return -1;
}

void http_engine_close(struct http_engine *engine)
{
	if (engine == NULL)
		return;
	pthread_mutex_lock(&engine->lock);
	INVARIANT(engine->incoming == NULL && engine->moving == NULL && engine->outgoing == NULL);
	engine->ending = true;
	pthread_mutex_unlock(&engine->lock);
	curl_multi_wakeup(engine->multi);
	pthread_join(engine->thread, NULL);
	pthread_mutex_destroy(&engine->lock);
	curl_multi_cleanup(engine->multi);
	curl_global_cleanup();
	free(engine);
}

void http_engine_add(struct http_engine *engine, struct http_transfer *t)
{
	pthread_mutex_lock(&engine->lock);
	t->ended = false;
	t->engine_state = ENGINE_IS_TO_COME;
	list_add(&engine->incoming, t);
	pthread_mutex_unlock(&engine->lock);
	curl_multi_wakeup(engine->multi);
}

void http_engine_remove(struct http_engine *engine, struct http_transfer *t)
{
	pthread_mutex_lock(&engine->lock);
	if (t->engine_state == ENGINE_IS_TO_COME) {
		list_remove(&engine->incoming, t);
		t->engine_state = ENGINE_NOT_THERE;
	} else if (t->engine_state == ENGINE_MOVES) {
		list_remove(&engine->moving, t);
		t->engine_state = ENGINE_IS_TO_GO;
		list_add(&engine->outgoing, t);
		curl_multi_wakeup(engine->multi);
	}
	while (t->engine_state != ENGINE_NOT_THERE)
		pthread_cond_wait(&t->waiter->signal, &engine->lock);
	t->ended = false;
	pthread_mutex_unlock(&engine->lock);
}

static bool any_ended(const struct http_transfer *transfers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (transfers[i].ended)
			return true;
	return false;
}

void http_engine_wait(
	struct http_engine *engine, struct http_transfer *transfers, size_t count, int64_t ms)
{
	int64_t until = clock_monotonic_ms() + (ms < POLL_MS ? ms : POLL_MS);
	struct timespec moment = {.tv_sec = until / 1000, .tv_nsec = until % 1000 * 1000000};
	pthread_mutex_lock(&engine->lock);
	while (!any_ended(transfers, count) && signals_asked() == 0 &&
		pthread_cond_timedwait(&transfers[0].waiter->signal, &engine->lock, &moment) == 0)
		;
	pthread_mutex_unlock(&engine->lock);
}

bool http_engine_has_ended(struct http_engine *engine, struct http_transfer *t)
{
	pthread_mutex_lock(&engine->lock);
	bool ended = t->ended;
	t->ended = false;
	pthread_mutex_unlock(&engine->lock);
	return ended;
}

void http_engine_note_pushback(struct http_engine *engine)
{
	if (engine != NULL)
		atomic_fetch_add(&engine->pushbacks, 1);
}

uint64_t http_engine_pushbacks(struct http_engine *engine)
{
	return atomic_load(&engine->pushbacks);
}
