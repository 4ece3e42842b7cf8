/* Fuzzes what is done with URLs from outside: redirects, artifact URIs, Retry-After. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "http/http.h"
#include "http/retry.h"
#include "http/url.h"
#include "packaging/digest/base64.h"

/* A trap, so that the fuzzer keeps the input. */
#define MUST(condition) ((condition) ? (void)0 : __builtin_trap())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Times and base64 come in headers and tags as well. */
static void read_scalars(const char *text)
{
	uint8_t *bytes = memory_get(strlen(text) + 1, 1);
	char again[32];
	int64_t ms, same;
	if (clock_parse_rfc3339(text, &ms) && ms % 1000 == 0 && ms >= 0) {
		clock_format_rfc3339(again, ms);
		MUST(clock_parse_rfc3339(again, &same) && same == ms);
	}
	(void)base64_decode(text, bytes);
	free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text text = {0};
	char *user, *password;
	text_add(&text, data, size);
	char *url = text_take(&text);
	char *origin = http_url_origin(url);
	char *shown = http_url_show(url);
	char *tail = http_url_tail(url);
	char *escaped = http_escape_path(url);
	MUST(http_url_same_origin(url, url) == (origin != NULL));
	MUST(strchr(shown, '\n') == NULL && strchr(tail, '\033') == NULL);
	MUST(http_retry_after_ms(url, 0) >= -1);
	read_scalars(url);
	free(http_url_host(url));
	/* Cutting the user out changes neither the origin nor leaves a user behind. */
	if (http_url_cut_user(&url, &user, &password)) {
		char *after = http_url_origin(url);
		MUST(text_equal(origin, after));
		free(after);
		free(user);
		free(password);
		MUST(http_url_cut_user(&url, &user, &password));
		MUST(user == NULL && password == NULL);
	}
	free(escaped);
	free(tail);
	free(shown);
	free(origin);
	free(url);
	return 0;
}
