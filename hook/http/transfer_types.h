/* transfer_types - the state of one request on its way, which transfer turns, request sends and
 * failure explains.
 */
#ifndef MODELHOOK_HTTP_TRANSFER_TYPES_H
#define MODELHOOK_HTTP_TRANSFER_TYPES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/fail.h"
#include "http/proxy.h"
#include "http/types.h"

enum http_transfer_state {
	TRANSFER_PAUSING,
	TRANSFER_MOVING,
	TRANSFER_DONE,
};

/* Where its handle is, for an engine. */
enum http_engine_state {
	ENGINE_NOT_THERE,
	ENGINE_IS_TO_COME,
	ENGINE_MOVES,
	ENGINE_IS_TO_GO,
};

struct http_transfer {
	struct http *http; /* borrowed, as are request and response */
	const struct http_request *request;
	struct http_response *response;
	enum http_transfer_state state;
	int result;	  /* in DONE: what http_send returns */
	struct fail fail; /* where that is -1 */
	int64_t due;	  /* in PAUSING: when to begin, on the monotonic clock */
	int64_t started;  /* when the first try began, on the monotonic clock; 0: not yet */

	char *url;		 /* of this hop */
	struct http_proxy proxy; /* of this hop */
	int hops;		 /* redirects followed in this try */
	int begun;		 /* how often it was begun, hops included */
	bool enough;		 /* the rest of an error's body was not read */
	bool has_failed;	 /* a callback filled fail */
	bool ipv4;		 /* this try asks for IPv4 addresses only */
	void *easy;		 /* in MOVING */
	void *headers;
	void *address;	     /* in place of the URL's host, or NULL */
	size_t header_bytes; /* received in this hop */
	bool head_is_whole;  /* its last line, the empty one, was there */
	uint64_t body_sent;
	uint64_t body_decoded;	       /* of the response, as handed on */
	atomic_int_least64_t moved_at; /* when a byte moved last */
	int64_t moved;		       /* bytes of bodies so far, both ways */
	int64_t retry_after_ms;
	char error[256]; /* libcurl's words */

	/* for an engine, whose lock guards all but the first two (http/engine.h) */
	struct http_engine *engine; /* that moves it; NULL: the thread that sends it does */
	struct http_waiter *waiter; /* borrowed */
	enum http_engine_state engine_state;
	struct http_transfer *next;
	bool ended; /* by itself ... */
	int code;   /* ... with this CURLcode */
};

#endif
