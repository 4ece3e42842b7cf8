/* Fuzzes the reader of MLmodel files: what it takes for a flavor is one word of the text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "packaging/package/mlmodel_read.h"

/* A trap, so that the fuzzer keeps the input. */
#define MUST(condition) ((condition) ? (void)0 : __builtin_trap())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mlmodel_facts facts;
	mlmodel_read_facts((const char *)data, size, &facts);
	if (facts.framework != NULL) {
		size_t length = strlen(facts.framework);
		MUST(length > 0 && length <= 100);
		MUST(strpbrk(facts.framework, " :\n\"'{}") == NULL);
		MUST(memmem(data, size, facts.framework, length) != NULL);
	}
	mlmodel_facts_release(&facts);
	return 0;
}
