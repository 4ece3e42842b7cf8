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

#include "base/fail.h"
#include "http/transfer_types.h"
#include "http/types.h"

void http_transfer_init(struct http_transfer *t, struct http *http,
	const struct http_request *request, struct http_response *response);
void http_transfer_release(struct http_transfer *t);

/* http_transfer_begin - send it, once due */
void http_transfer_begin(struct http_transfer *t);

/* http_transfer_ended - libcurl is done with it, with this CURLcode */
void http_transfer_ended(struct http_transfer *t, int code);

/* http_transfer_check - end it where it was silent for too long, or the deadline is over */
void http_transfer_check(struct http_transfer *t);

/* http_transfer_time_left - ms until the next of begin and check has something to do */
int64_t http_transfer_time_left(const struct http_transfer *t);

/* http_transfer_abandon - end it at once with this failure */
void http_transfer_abandon(struct http_transfer *t, const struct fail *f);

#endif
