/* html - the little that a message needs of a page that came instead of a response.
 *
 * Pages are from outside: anything may be in them. Nothing is parsed properly; tags, comments,
 * scripts and styles are passed over.
 */
#ifndef MODELHOOK_HTTP_HTML_H
#define MODELHOOK_HTTP_HTML_H

#include <stdbool.h>
#include <stddef.h>

/* html_first_line - the first text of a page, mostly its title, as one printable line, cut short to
 * fit; "" where it has none */
void html_first_line(const char *page, size_t size, char *line, size_t line_size);

/* html_asks_for_login - a form for a password is in it, or it sends the browser on to a place that
 * is called like one */
bool html_asks_for_login(const char *page, size_t size);

/* html_is_login_url - a URL whose path or host is called like a place to log in */
bool html_is_login_url(const char *url);

#endif
