/* retry - when a request is sent again, and after how long; decisions only, no network.
 *
 * The pauses are those of MLflow's Python client: none before the first repetition, then factor *
 * 2^(n-1) seconds plus a random part of the jitter, at most two minutes; what Retry-After says goes
 * first.
 */
#ifndef MODELHOOK_HTTP_RETRY_H
#define MODELHOOK_HTTP_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "http/options.h"

struct http;

#define HTTP_PAUSE_MAX_MS 120000
#define HTTP_RETRY_AFTER_MAX_MS 600000 /* longer: a scheduler's wait, not ours */
#define HTTP_RETRIES_MAX 10	       /* as MLflow's client, whatever the setting says */

/* http_retry_is_transient - 408, 429, 500, 502, 503, 504 */
bool http_retry_is_transient(long status);

/* http_retry_tries - how often a request may be sent in all */
int http_retry_tries(const struct http_options *options);

/* http_retry_pause_ms - before try number `next` (2 is the first repetition); random01 is from 0 up
 * to 1. retry_after_ms: what the server asked for, -1 where it did not. -1: not worth waiting for.
 */
int64_t http_retry_pause_ms(
	const struct http_options *options, int next, int64_t retry_after_ms, double random01);

/* http_retry_wait_ms - the same for this connection, with a random part drawn here; -1 also where
 * the tries are used up, or the next one would begin after the deadline */
int64_t http_retry_wait_ms(const struct http *http, int next, int tries, int64_t retry_after_ms);

/* http_date_ms - an HTTP date (RFC 9110 section 5.6.7) as ms since 1970, -1 where it is none */
int64_t http_date_ms(const char *value);

/* http_retry_after_ms - the value of a Retry-After header: seconds, or an HTTP date as counted from
 * now_ms (RFC 9110 section 10.2.3); -1 where it is neither */
int64_t http_retry_after_ms(const char *value, int64_t now_ms);

#endif
