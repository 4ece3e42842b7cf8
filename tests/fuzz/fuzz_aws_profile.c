/* Fuzzes AWS's profile files: the first byte chooses which. */
#include <stdint.h>
#include <string.h>

#include "auth/aws_profile.h"
#include "base/text.h"

/* A trap, so that the fuzzer keeps the input. */
#define MUST(condition) ((condition) ? (void)0 : __builtin_trap())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct aws_profile profile = {.name = text_copy("default")};
	if (size > 0)
		aws_profile_parse(&profile, (const char *)data + 1, size - 1, data[0] % 2 == 1);
	MUST(profile.found || profile.count == 0);
	for (size_t i = 0; i < profile.count; i++)
		MUST(aws_profile_get(&profile, profile.items[i].key) == profile.items[i].value);
	aws_profile_release(&profile);
	return 0;
}
