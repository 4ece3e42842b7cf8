#include "http/retry.h"
#include "base/clock.h"
#include "base/random.h"
#include "http/types.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool http_retry_is_transient(long status)
{
	switch (status) {
	case 408:
	case 429:
	case 500:
	case 502:
	case 503:
	case 504:
		return true;
	default:
		return false;
	}
}

int http_retry_tries(const struct http_options *options)
{
	int64_t retries = options->max_retries;
	if (retries < 0)
		retries = 0;
	return 1 + (int)(retries > HTTP_RETRIES_MAX ? HTTP_RETRIES_MAX : retries);
}

int64_t http_retry_pause_ms(
	const struct http_options *options, int next, int64_t retry_after_ms, double random01)
{
	if (options->respect_retry_after && retry_after_ms >= 0)
		return retry_after_ms > HTTP_RETRY_AFTER_MAX_MS ? -1 : retry_after_ms;
	if (next <= 2)
		return 0;
	double seconds = options->backoff_factor;
	for (int i = 2; i < next && seconds * 1000 < HTTP_PAUSE_MAX_MS; i++)
		seconds *= 2;
	double pause = 1000 * (seconds + random01 * options->backoff_jitter);
	if (!(pause >= 0))
		return 0;
	return pause > HTTP_PAUSE_MAX_MS ? HTTP_PAUSE_MAX_MS : (int64_t)pause;
}

int64_t http_retry_wait_ms(const struct http *http, int next, int tries, int64_t retry_after_ms)
{
	double random01 = random_below(1000) / 1000.0;
	int64_t ms = http_retry_pause_ms(http->options, next, retry_after_ms, random01);
	return next <= tries && ms < deadline_left(http->deadline) ? ms : -1;
}

static int64_t seconds_to_ms(const char *digits)
{
	errno = 0;
	long long seconds = strtoll(digits, NULL, 10);
	return errno != 0 || seconds > INT64_MAX / 1000 ? INT64_MAX : seconds * 1000;
}

int64_t http_date_ms(const char *value)
{
	const int64_t last = 253402300799; /* the end of the year 9999 */
	int64_t at = value[0] != '\0' ? (int64_t)curl_getdate(value, NULL) : -1;
	return at < 0 || at > last ? -1 : at * 1000;
}

int64_t http_retry_after_ms(const char *value, int64_t now_ms)
{
	size_t size = strlen(value);
	if (size > 0 && strspn(value, "0123456789") == size)
		return seconds_to_ms(value);
	int64_t at = http_date_ms(value);
	if (at < 0)
		return -1;
	return at > now_ms ? at - now_ms : 0;
}
