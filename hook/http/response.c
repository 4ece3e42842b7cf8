#include "http/response.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

char *http_response_header(const struct http_response *response, const char *name)
{
	size_t length = strlen(name);
	for (const char *line = text_string(&response->head); *line != '\0';) {
		size_t size = strcspn(line, "\r\n");
		if (size > length && line[length] == ':' && strncasecmp(line, name, length) == 0)
			return text_trimmed(line + length + 1, size - length - 1);
		line += size;
		line += strspn(line, "\r\n");
	}
	return NULL;
}

void http_response_release(struct http_response *response)
{
	text_release(&response->head);
	text_release(&response->body);
	free(response->content_type);
	free(response->location);
	free(response->from);
	*response = (struct http_response){0};
}
