/* Fuzzes the reader of a store's XML: whatever is told is bounded, and has a path. */
#include <stdint.h>
#include <string.h>

#include "base/fail.h"
#include "packaging/xml/xml.h"

/* A trap, so that the fuzzer keeps the input. */
#define MUST(condition) ((condition) ? (void)0 : __builtin_trap())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int told(void *context, const char *path, const char *text, struct fail *f)
{
	size_t *count = context;
	(void)f;
	MUST(path[0] != '\0' && strlen(path) < 512 && strlen(text) <= 64 << 10);
	++*count;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fail f;
	size_t count = 0;
	if (xml_read(data, size, told, &count, &f) == 0)
		MUST(count > 0);
	else
		MUST(f.status == STATUS_NOT_A_REGISTRY);
	return 0;
}
