#include "gate/verdict.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

void gate_verdicts_add(
	struct gate_verdicts *verdicts, const char *name, const char *verdict, const char *detail)
{
	verdicts->items =
		memory_grow(verdicts->items, verdicts->count + 1, sizeof(*verdicts->items));
	verdicts->items[verdicts->count++] = (struct gate_verdict){
		.name = text_copy(name),
		.verdict = text_copy(verdict),
		.detail = text_copy(detail),
	};
}

void gate_verdicts_release(struct gate_verdicts *verdicts)
{
	for (size_t i = 0; i < verdicts->count; i++) {
		free(verdicts->items[i].name);
		free(verdicts->items[i].verdict);
		free(verdicts->items[i].detail);
	}
	free(verdicts->items);
	*verdicts = (struct gate_verdicts){0};
}

char *gate_verdicts_rejected(const struct gate_verdicts *verdicts)
{
	struct text text = {0};
	for (size_t i = 0; i < verdicts->count; i++) {
		const struct gate_verdict *verdict = &verdicts->items[i];
		if (strcmp(verdict->verdict, "rejected") == 0)
			text_add_named(&text, verdict->name, verdict->detail);
	}
	return text.size > 0 ? text_take(&text) : NULL;
}
