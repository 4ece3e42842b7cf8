#include "packaging/savedmodel/findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/memory.h"
#include "base/text.h"

static char *escaped_copy(const char *string)
{
	struct text text = {0};
	if (string == NULL)
		return NULL;
	escape_add(&text, string, strlen(string));
	return text_take(&text);
}

static void append(struct findings *findings, struct finding finding)
{
	if (findings->count % 64 == 0)
		findings->list =
			memory_grow(findings->list, findings->count + 64, sizeof(*findings->list));
	findings->list[findings->count++] = finding;
}

void findings_add(struct findings *findings, enum finding_weight weight, const char *file,
	int64_t offset, const char *tensor, const char *format, ...)
{
	char text[512];
	findings->left_out = findings->of_weight[weight]++ >= FINDINGS_MAX;
	if (findings->left_out)
		return;
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	append(findings, (struct finding){.weight = weight,
				 .file = escaped_copy(file),
				 .offset = offset,
				 .tensor = escaped_copy(tensor),
				 .text = text_copy(text)});
}

void findings_hint(struct findings *findings, const char *hint)
{
	if (!findings->left_out)
		findings->list[findings->count - 1].hint = hint;
}

void findings_move(struct findings *findings, struct findings *from)
{
	for (size_t i = 0; i < from->count; i++) {
		struct finding *finding = &from->list[i];
		from->of_weight[finding->weight]--;
		if (findings->of_weight[finding->weight]++ < FINDINGS_MAX) {
			append(findings, *finding);
			*finding = (struct finding){0};
		}
	}
	for (int weight = FINDING_NOTE; weight <= FINDING_DAMAGE; weight++)
		findings->of_weight[weight] += from->of_weight[weight]; /* were left out */
	findings_release(from);
}

/* Insertion: stable, and the list is nearly in order. */
static void sort(struct findings *findings)
{
	for (size_t i = 1; i < findings->count; i++) {
		struct finding moved = findings->list[i];
		size_t at = i;
		for (; at > 0 && strcmp(findings->list[at - 1].file, moved.file) > 0; at--)
			findings->list[at] = findings->list[at - 1];
		findings->list[at] = moved;
	}
}

void findings_take(struct findings *findings, struct finding **list, size_t *count)
{
	sort(findings);
	for (int weight = FINDING_NOTE; weight <= FINDING_DAMAGE; weight++) {
		size_t all = findings->of_weight[weight];
		if (all > FINDINGS_MAX)
			append(findings,
				(struct finding){.weight = (enum finding_weight)weight,
					.file = text_copy("."),
					.offset = -1,
					.text = text_format("%zu more findings of this kind",
						all - FINDINGS_MAX)});
	}
	*list = findings->list;
	*count = findings->count;
	*findings = (struct findings){0};
}

void findings_release_list(struct finding *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(list[i].file);
		free(list[i].tensor);
		free(list[i].text);
	}
	free(list);
}

void findings_release(struct findings *findings)
{
	findings_release_list(findings->list, findings->count);
	*findings = (struct findings){0};
}
