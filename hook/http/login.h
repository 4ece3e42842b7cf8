/* login - the header lines that tell one server, and no other, who a request is from.
 *
 * What makes them may need the whole request (a signature covers its body) or a file that is
 * renewed while the program runs (a token), so that it is asked before every try. The lines are
 * secrets: http_lines_release wipes them.
 */
#ifndef MODELHOOK_HTTP_LOGIN_H
#define MODELHOOK_HTTP_LOGIN_H

#include <stddef.h>

#include "base/fail.h"

#define HTTP_LINES_MAX 40

struct http;
struct http_request;

/* http_lines - owned lines "Name: value" */
struct http_lines {
	char *lines[HTTP_LINES_MAX];
	size_t count;
};

/* http_lines_add - the line is handed over */
void http_lines_add(struct http_lines *lines, char *line);
void http_lines_release(struct http_lines *lines);

struct http_login {
	const char *origin; /* scheme://host:port (http/url.h); borrowed */
	const void *context;
	/* lines for a request to url, which is of that origin; called by several threads. The body
	 * of the request may be read, if it is rewound. */
	int (*make)(const void *context, struct http *http, const struct http_request *request,
		const char *url, struct http_lines *lines, struct fail *f);
};

#endif
