#include "base/placeholder.h"

#include <stddef.h>
#include <string.h>

#include "base/text.h"

static const struct placeholder *find(const char *at, const struct placeholder *list)
{
	for (; list->name != NULL; list++)
		if (text_starts_with(at, list->name))
			return list;
	return NULL;
}

char *placeholder_fill(const char *pattern, const struct placeholder *list)
{
	struct text text = {0};
	while (*pattern != '\0') {
		const struct placeholder *placeholder = find(pattern, list);
		if (placeholder == NULL) {
			text_add(&text, pattern++, 1);
			continue;
		}
		text_add_string(&text, placeholder->value);
		pattern += strlen(placeholder->name);
	}
	return text_take(&text);
}
