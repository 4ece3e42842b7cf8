/* Fuzzes the address of a storage account: a URI, a line break, and a connection string where there
 * is more. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/text.h"
#include "store/azure/account.h"

/* A trap, so that the fuzzer keeps the input. */
#define MUST(condition) ((condition) ? (void)0 : __builtin_trap())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct azure_account account;
	struct text text = {0};
	struct fail f;
	text_add(&text, data, size);
	char *uri = text_copy(text_string(&text)), *connection = strchr(uri, '\n');
	if (connection != NULL)
		*connection++ = '\0';
	if (azure_account_read(uri, connection, &account, &f) == 0) {
		MUST(account.container[0] != '\0' && account.endpoint != NULL);
		MUST(connection != NULL || text_starts_with(account.endpoint, "https://"));
		MUST(account.key == NULL || account.name != NULL);
		azure_account_release(&account);
	}
	free(uri);
	text_release(&text);
	return 0;
}
