/* Fuzzes what libcurl hands over: lines of a head up to an empty one, then bytes of a body, in
 * pieces of as many bytes as the first one says. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "http/request.h"
#include "http/response.h"
#include "http/transfer_types.h"
#include "http/types.h"
#include <curl/curl.h>

/* A trap, so that the fuzzer keeps the input. */
#define MUST(condition) ((condition) ? (void)0 : __builtin_trap())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void give_head(struct http_transfer *t, char **at, char *end)
{
	while (*at < end) {
		char *line = *at, *stop = memchr(line, '\n', (size_t)(end - line));
		*at = stop != NULL ? stop + 1 : end;
		if (http_on_header(line, 1, (size_t)(*at - line), t) == 0 || line[0] == '\n')
			return;
	}
}

static void give_body(struct http_transfer *t, char *at, const char *end, size_t piece)
{
	while (at < end) {
		size_t left = (size_t)(end - at), count = left < piece ? left : piece;
		if (http_on_body(at, 1, count, t) != count)
			return;
		at += count;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_request request = {.method = "GET", .url = "http://a/"};
	struct http_response answer = {0};
	struct http_transfer t = {
		.request = &request, .response = &answer, .easy = curl_easy_init()};
	if (size > 0) {
		char *bytes = memory_get(size, 1), *at = bytes + 1;
		memcpy(bytes, data, size);
		give_head(&t, &at, bytes + size);
		give_body(&t, at, bytes + size, 1 + data[0]);
		free(bytes);
	}
	free(http_response_header(&answer, "Location"));
	MUST(answer.body.size <= size);
	curl_easy_cleanup(t.easy);
	http_response_release(&answer);
	return 0;
}
