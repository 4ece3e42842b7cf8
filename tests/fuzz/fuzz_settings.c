/* Fuzzes the settings that decide, as a package carries them: gates and policy. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "settings/settings.h"

/* A trap, so that the fuzzer keeps the input. */
#define MUST(condition) ((condition) ? (void)0 : __builtin_trap())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct settings before = {0};
	struct settings settings = before;
	struct fail f;
	char *text = memory_get(size + 1, 1);
	memcpy(text, data, size);
	if (settings_adopt(&settings, text, &f) == 0) {
		char *decisive = settings_decisive(&settings);
		struct settings again = before;
		MUST(settings_adopt(&again, decisive, &f) == 0);
		MUST(again.gate_count == settings.gate_count);
		settings_disown(&again, &before);
		free(decisive);
	}
	settings_disown(&settings, &before);
	free(text);
	return 0;
}
