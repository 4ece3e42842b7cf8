/* Fuzzes what gives out tokens and what they are asked for with: the first byte chooses a
 * credential file of Google's or the answer of a token endpoint. */
#include <stdint.h>

#include "auth/bearer.h"
#include "auth/fetch.h"
#include "auth/google_key.h"
#include "base/fail.h"
#include "base/text.h"
#include "http/types.h"

/* A trap, so that the fuzzer keeps the input. */
#define MUST(condition) ((condition) ? (void)0 : __builtin_trap())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_key(const char *text, size_t size)
{
	struct google_key key;
	struct fail f;
	char *form;
	if (google_key_parse(text, size, &key, &f) != 0)
		return;
	MUST((key.email != NULL) != (key.client_id != NULL));
	MUST(fetch_may_see_secrets(key.token_uri));
	if (google_key_form(&key, INT64_C(1795643000123), &form, &f) == 0)
		fetch_wipe(&form);
	google_key_release(&key);
}

static void try_answer(const struct text *text, bool good)
{
	struct http_response answer = {.status = good ? 200 : 400, .body = *text};
	struct bearer bearer = {0};
	struct fail f;
	if (bearer_read(&answer, &bearer, &f) == 0)
		MUST(good && bearer.token != NULL);
	bearer_release(&bearer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text text = {0};
	if (size == 0)
		return 0;
	text_add(&text, data + 1, size - 1);
	if (data[0] % 2 == 0)
		try_key(text_string(&text), text.size);
	else
		try_answer(&text, data[0] % 4 == 1);
	text_release(&text);
	return 0;
}
