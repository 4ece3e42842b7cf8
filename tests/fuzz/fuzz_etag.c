/* Fuzzes the reader of ETags: nothing is cut, and what it is wrapped in changes no verdict. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/text.h"
#include "store/etag.h"

/* A trap, so that the fuzzer keeps the input. */
#define MUST(condition) ((condition) ? (void)0 : __builtin_trap())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t md5[16] = {0x5d, 0x41, 0x40, 0x2a, 0xbc, 0x4b, 0x2a, 0x76, 0xb9, 0x71,
		0x9d, 0x91, 0x10, 0x17, 0xc5, 0x92};
	struct fail f;
	char *etag = text_format("%.*s", (int)size, (const char *)data);
	char *strong = etag_strong(etag), *bare = etag_bare(etag);
	MUST(strlen(bare) <= strlen(strong) && strlen(strong) <= strlen(etag));
	MUST(strlen(etag) - strlen(bare) <= 4); /* W/"" */
	MUST(strstr(etag, bare) != NULL);
	MUST(etag_is_md5(etag, md5) == etag_is_md5(bare, md5) || bare[0] == '"' || bare[1] == '/');
	MUST(!etag_is_md5(etag, md5) || etag_looks_like_md5(etag));
	if (etag_check(etag, &f) == 0)
		MUST(strlen(etag) > 0 && strlen(etag) <= ETAG_MAX);
	else
		MUST(f.status == STATUS_NOT_A_REGISTRY);
	free(etag);
	free(strong);
	free(bare);
	return 0;
}
