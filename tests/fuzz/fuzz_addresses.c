/* Fuzzes what a server says when an upload in parts is begun; the first byte tells how many parts
 * were asked for. Every address that is taken must be one, with headers of one line each. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/text.h"
#include "store/mlflow/multipart.h"
#include "store/mlflow/presigned.h"

/* A trap, so that the fuzzer keeps the input. */
#define MUST(condition) ((condition) ? (void)0 : __builtin_trap())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_at(const struct proxy_addresses *addresses, unsigned part)
{
	struct presigned to;
	presigned_unpack((const char *)addresses + addresses->at[part], &to);
	MUST(strncasecmp(to.url, "http", 4) == 0 && strpbrk(to.url, "\r\n") == NULL);
	for (size_t i = 0; to.headers[i] != NULL; i++)
		MUST(strchr(to.headers[i], ':') != NULL && strpbrk(to.headers[i], "\r\n") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text body = {0};
	struct proxy_addresses *addresses;
	struct fail f;
	char *id;
	if (size == 0)
		return 0;
	unsigned parts = 1 + data[0] % 4;
	text_add(&body, data + 1, size - 1);
	if (proxy_addresses_read(&body, parts, &id, &addresses, &f) == 0)
		for (unsigned i = 0; i < parts; i++)
			look_at(addresses, i);
	free(addresses);
	free(id);
	text_release(&body);
	return 0;
}
