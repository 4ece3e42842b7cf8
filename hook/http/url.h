/* url - the few things asked of a URL: where it leads, who is named in it, how to show it.
 *
 * An origin is "scheme://host:port", lower case, the port always there; it decides who may see
 * credentials. What is shown never holds user information or a query, and is escaped.
 */
#ifndef MODELHOOK_HTTP_URL_H
#define MODELHOOK_HTTP_URL_H

#include <stdbool.h>

/* http_url_origin - the origin of an http or https URL, or NULL for anything else; the caller frees
 * it */
char *http_url_origin(const char *url);

/* http_url_host - the host of a URL, lower case, an IPv6 address without brackets, or NULL; the
 * caller frees it */
char *http_url_host(const char *url);

bool http_url_same_origin(const char *a, const char *b);

/* http_url_with_host - the same URL with another host, or NULL for anything but an http or https
 * URL; the caller frees it */
char *http_url_with_host(const char *url, const char *host);

/* http_url_is_loopback - whether a URL names this very machine: localhost, 127.0.0.0/8 or ::1 */
bool http_url_is_loopback(const char *url);

/* http_url_cut_user - take user information out of *url, decoded into *user and *password (NULL
 * where absent; the caller wipes and frees them). False where *url is no http or https URL. */
bool http_url_cut_user(char **url, char **user, char **password);

/* http_url_show - "https://host/path", fit for a message; the caller frees it */
char *http_url_show(const char *url);

/* http_url_tail - the end of the path, fit for a message: ".../runs/get"; the caller frees it */
char *http_url_tail(const char *url);

/* http_escape_path - percent-encode everything but A-Za-z0-9-_.~/ ; the caller frees it */
char *http_escape_path(const char *path);
/* http_escape_query - percent-encode everything but A-Za-z0-9-_.~ ; the caller frees it */
char *http_escape_query(const char *value);

#endif
