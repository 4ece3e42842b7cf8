#include "packaging/savedmodel/names.h"

#include <stdlib.h>
#include <string.h>

void names_release(char **names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void names_sort(char **names, size_t count)
{
	if (count > 1)
		qsort(names, count, sizeof(*names), compare_names);
}
