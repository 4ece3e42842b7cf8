/* fuzz_handoff - a handoff that is taken comes out the same when it is written and read again. */
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/panic.h"
#include "base/text.h"
#include "packaging/package/handoff.h"
#include "packaging/package/handoff_json.h"
#include "packaging/package/handoff_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *canonical(const struct handoff *handoff)
{
	struct text text = {0};
	struct cJSON *json = handoff_to_json(handoff, handoff->saved_model);
	json_print(json, &text);
	json_release(json);
	return text_take(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct handoff handoff, again;
	struct fail f = {0};
	if (handoff_parse((const char *)data, size, "", &handoff, &f) != 0) {
		INVARIANT(f.status == STATUS_UNACCEPTABLE && f.text[0] != '\0');
		return 0;
	}
	char *first = canonical(&handoff);
	INVARIANT(handoff_parse(first, strlen(first), "", &again, &f) == 0);
	char *second = canonical(&again);
	INVARIANT(strcmp(first, second) == 0);
	free(first);
	free(second);
	handoff_release(&handoff);
	handoff_release(&again);
	return 0;
}
