/* Fuzzes what a name server answers to question number 1. */
#include <stdint.h>
#include <string.h>

#include "served/dns_message.h"

/* A trap, so that the fuzzer keeps the input. */
#define MUST(condition) ((condition) ? (void)0 : __builtin_trap())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dns_addresses addresses = {0};
	(void)dns_answer(data, size, 1, &addresses);
	for (size_t i = 0; i < addresses.count; i++)
		MUST(strspn(addresses.items[i], "0123456789abcdef.:") ==
			strlen(addresses.items[i]));
	dns_addresses_release(&addresses);
	return 0;
}
