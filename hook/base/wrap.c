#include "base/wrap.h"

#include <string.h>

void wrap_add(struct text *out, const char *words, size_t indent)
{
	size_t column = 0;
	for (size_t size; *words != '\0'; words += size + strspn(words + size, " ")) {
		size = strcspn(words, " ");
		if (column > 0 && column + 1 + size > WRAP_WIDTH) {
			text_add_string(out, "\n");
			column = 0;
		}
		if (column == 0)
			text_printf(out, "%*s", (int)indent, "");
		else
			text_add_string(out, " ");
		column = column == 0 ? indent + size : column + 1 + size;
		text_add(out, words, size);
	}
	text_add_string(out, "\n");
}
