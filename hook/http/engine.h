/* engine - the connections that many threads send over: one libcurl multi handle, turned by one
 * thread of its own.
 *
 * A thread makes its request, adds it here and waits: what it costs in flight is a handle and its
 * stack, whatever the number of connections. All of them share one connection cache, one DNS cache
 * and one set of TLS sessions, and many small requests share one connection where the server offers
 * HTTP/2 over TLS. Callbacks of a transfer run on the engine's thread, and must not wait;
 * everything else of a transfer belongs to the thread that sends it.
 *
 * Knows nothing of tries and pauses (http/transfer.h), but counts how often servers asked for less:
 * whoever decides how much is in flight goes by that.
 */
#ifndef MODELHOOK_HTTP_ENGINE_H
#define MODELHOOK_HTTP_ENGINE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"

struct http_engine;
struct http_transfer; /* http/transfer_types.h */

/* http_waiter - what a thread sleeps on while its transfers move */
struct http_waiter {
	pthread_cond_t signal;
};
void http_waiter_init(struct http_waiter *waiter);
void http_waiter_release(struct http_waiter *waiter);

/* http_engine_open - LATER where no thread can be started; *engine is to be closed */
MUST_CHECK int http_engine_open(struct http_engine **engine, struct fail *f);
/* http_engine_close - nothing is on its way any more; NULL is fine */
void http_engine_close(struct http_engine *engine);

/* http_engine_add - t->easy begins to move; t->waiter is signalled when it has ended */
void http_engine_add(struct http_engine *engine, struct http_transfer *t);
/* http_engine_remove - t->easy moves no more when this returns, ended or not */
void http_engine_remove(struct http_engine *engine, struct http_transfer *t);
/* http_engine_wait - until one of the transfers, all of one waiter, has ended, a stop is asked for,
 * or ms are over */
void http_engine_wait(
	struct http_engine *engine, struct http_transfer *transfers, size_t count, int64_t ms);
/* http_engine_has_ended - whether t has ended by itself since it was added: true once, then t->code
 * says how */
bool http_engine_has_ended(struct http_engine *engine, struct http_transfer *t);

/* http_engine_note_pushback - a server asked for less: 429, 503, or no answer in time; NULL is fine
 */
void http_engine_note_pushback(struct http_engine *engine);
uint64_t http_engine_pushbacks(struct http_engine *engine);

#endif
