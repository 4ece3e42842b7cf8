/* transfer - one request on its way: its tries, the pauses between them, its redirects.
 *
 * A state machine that never waits: http_send turns one, and several can be turned side by side.
 *
 *   PAUSING --due--> MOVING --answer, failure, silence, deadline--> PAUSING again, or DONE
 *
 * Legal calls: begin in PAUSING, ended and check in MOVING, abandon in any state, release at the
 * end.
 */
#ifndef MODELHOOK_HTTP_TRANSFER_H
#define MODELHOOK_HTTP_TRANSFER_H

#include <stddef.h>

#include "base/fail.h"
#include "http/http.h"
#include "http/proxy.h"

enum http_transfer_state {
	TRANSFER_PAUSING,
	TRANSFER_MOVING,
	TRANSFER_DONE,
};

struct http_transfer {
	struct http *http; /* borrowed, as are request and answer */
	const struct http_request *request;
	struct http_response *response;
	enum http_transfer_state state;
	int result;	  /* in DONE: what http_send returns */
	struct fail fail; /* where that is -1 */
	int64_t due;	  /* in PAUSING: when to begin, on the monotonic clock */

	char *url;		 /* of this hop */
	struct http_proxy proxy; /* of this hop */
	int hops;		 /* redirects followed in this try */
	int begun;		 /* how often it was begun, hops included */
	bool enough;		 /* the rest of an error's body was not read */
	bool has_failed;	 /* a callback filled fail */
	bool ipv4;		 /* this try asks for IPv4 addresses only */
	void *easy;		 /* in MOVING */
	void *headers;
	size_t header_bytes; /* received in this hop */
	bool head_is_whole;  /* its last line, the empty one, was there */
	uint64_t body_sent;
	uint64_t body_decoded; /* of the answer, as handed on */
	int64_t moved_at;      /* when a byte moved last */
	int64_t moved;	       /* bytes of bodies so far, both ways */
	int64_t retry_after_ms;
	char error[256]; /* libcurl's words */
};

void http_transfer_init(struct http_transfer *t, struct http *http,
	const struct http_request *request, struct http_response *response);
void http_transfer_release(struct http_transfer *t);

/* http_transfer_begin - send it, once due */
void http_transfer_begin(struct http_transfer *t);

/* http_transfer_ended - libcurl is done with it, with this CURLcode */
void http_transfer_ended(struct http_transfer *t, int code);

/* http_transfer_check - end it where it was silent for too long, or the deadline is over */
void http_transfer_check(struct http_transfer *t);

/* http_transfer_patience - ms until the next of begin and check has something to do */
int64_t http_transfer_patience(const struct http_transfer *t);

/* http_transfer_abandon - end it at once with this failure */
void http_transfer_abandon(struct http_transfer *t, const struct fail *f);

#endif
