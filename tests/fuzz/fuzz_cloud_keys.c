/* Fuzzes what metadata services and STS answer when they are asked for keys: the first byte
 * chooses. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "auth/aws_fetch.h"
#include "auth/aws_keys.h"
#include "base/fail.h"
#include "base/text.h"
#include "http/types.h"
#include "store/s3/open.h"
#include "store/s3/types.h"

/* A trap, so that the fuzzer keeps the input. */
#define MUST(condition) ((condition) ? (void)0 : __builtin_trap())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What S3's uploads are asked to carry, in the same words as keys: JSON. */
static void read_extra(const struct text *body)
{
	struct s3 s3 = {0};
	struct fail f;
	(void)!s3_extra_read(&s3, text_string(body), &f);
	for (size_t i = 0; i < s3.extra_count; i++) {
		MUST(strpbrk(s3.extra[i], "\r\n") == NULL);
		free(s3.extra[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text body = {0};
	struct aws_keys keys = {0};
	struct fail f;
	if (size == 0)
		return 0;
	text_add(&body, data + 1, size - 1);
	struct http_response answer = {.status = 200, .body = body};
	read_extra(&body);
	int result = data[0] % 2 == 0 ? aws_keys_read(&answer, &keys, &f)
				      : aws_sts_read(&answer, &keys, &f);
	if (result == 0)
		MUST(keys.access_key != NULL && keys.secret_key != NULL);
	aws_keys_release(&keys);
	text_release(&body);
	return 0;
}
