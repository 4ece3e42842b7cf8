/* Fuzzes lines that earlier calls left: what a result says of itself, and when its model was
 * trained. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/text.h"
#include "command/outcome.h"
#include "spool/remote.h"

/* A trap, so that the fuzzer keeps the input. */
#define MUST(condition) ((condition) ? (void)0 : __builtin_trap())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text line = {0}, again = {0}, all = {0};
	enum status status = STATUS_DEFECT, second = STATUS_DEFECT;
	struct fail f;
	const char *kept = size > 0 ? (const char *)data : "";
	text_add(&all, kept, size);
	if (outcome_read(&all, NULL, &status, &line, &f) == 0) {
		MUST(outcome_read(&line, NULL, &second, &again, &f) == 0);
		MUST(status == second && strcmp(line.data, again.data) == 0);
	}
	(void)spool_trained_at(kept, size);
	text_release(&line);
	text_release(&again);
	text_release(&all);
	return 0;
}
