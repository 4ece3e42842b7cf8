/* Fuzzes the URIs that name a folder of this machine. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/text.h"
#include "store/file/store.h"
#include "store/store.h"

/* A trap, so that the fuzzer keeps the input. */
#define MUST(condition) ((condition) ? (void)0 : __builtin_trap())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct store store = {0};
	struct fail f;
	char *uri = text_format("file:%.*s", (int)size, (const char *)data);
	if (store_file_open(&store, uri, &f) == 0)
		MUST(store.root[0] == '/' || store.root[0] == '\0');
	else
		MUST(f.status == STATUS_CONFIGURATION);
	free(store.root);
	free(uri);
	return 0;
}
