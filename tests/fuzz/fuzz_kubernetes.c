/* Fuzzes what the API server and credential plugins answer: the first byte chooses which. */
#include <stdint.h>
#include <stdlib.h>

#include "base/fail.h"
#include "kubernetes/client.h"
#include "kubernetes/exec.h"

/* A trap, so that the fuzzer keeps the input. */
#define MUST(condition) ((condition) ? (void)0 : __builtin_trap())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_credential(const char *text, size_t size)
{
	struct kubernetes_credential credential;
	struct fail f;
	if (kubernetes_exec_read(text, size, &credential, &f) == 0)
		MUST(credential.token != NULL || credential.key_pem != NULL);
	kubernetes_credential_release(&credential);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	const char *text = (const char *)data + 1;
	if (data[0] % 2 == 0)
		read_credential(text, size - 1);
	else
		free(kubernetes_message(text, size - 1));
	return 0;
}
