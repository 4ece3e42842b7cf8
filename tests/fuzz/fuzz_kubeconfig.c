/* Fuzzes kubeconfig files; behind the first NUL a second file of the list begins. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "kubernetes/access.h"
#include "kubernetes/kubeconfig.h"

/* A trap, so that the fuzzer keeps the input. */
#define MUST(condition) ((condition) ? (void)0 : __builtin_trap())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void choose(const struct kubeconfig *config, const char *context)
{
	struct kubernetes_access access = {0};
	struct fail f;
	if (kubeconfig_choose(config, context, &access, &f) == 0)
		MUST(access.server != NULL);
	else
		MUST(f.text[0] != '\0');
	kubernetes_access_release(&access);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kubeconfig config = {0};
	struct fail f;
	const uint8_t *end = size > 0 ? memchr(data, 0, size) : NULL;
	size_t first = end != NULL ? (size_t)(end - data) : size;
	bool read = kubeconfig_add(&config, "/a/config", (const char *)data, first, &f) == 0;
	if (read && end != NULL)
		read = kubeconfig_add(&config, "/b/config", (const char *)end + 1, size - first - 1,
			       &f) == 0;
	choose(&config, NULL);
	choose(&config, "a");
	kubeconfig_release(&config);
	return 0;
}
