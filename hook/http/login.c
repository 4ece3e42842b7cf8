#include "http/login.h"

#include <stdlib.h>
#include <string.h>

#include "base/panic.h"

void http_lines_add(struct http_lines *lines, char *line)
{
	INVARIANT(lines->count < HTTP_LINES_MAX);
	lines->lines[lines->count++] = line;
}

void http_lines_release(struct http_lines *lines)
{
	for (size_t i = 0; i < lines->count; i++) {
		explicit_bzero(lines->lines[i], strlen(lines->lines[i]));
		free(lines->lines[i]);
	}
	*lines = (struct http_lines){0};
}
