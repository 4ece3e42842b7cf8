/* proxy - which proxy a request goes through, as Python's requests library decides it.
 *
 * HTTPS_PROXY or HTTP_PROXY by the URL's scheme, else ALL_PROXY; the lower-case name of a variable
 * comes first, and one that is set but empty stands for no proxy. NO_PROXY names servers that need
 * none: "*" alone is all of them; an IPv4 address matches itself and a network such as 10.0.0.0/8;
 * any other name matches itself and what ends with it behind a dot (leading dots do not count),
 * with or without the port that the URL states.
 */
#ifndef MODELHOOK_HTTP_PROXY_H
#define MODELHOOK_HTTP_PROXY_H

#include <stdbool.h>

/* http_proxy - owned; all NULL where no proxy is used */
struct http_proxy {
	char *url;	      /* for libcurl, with the user information */
	char *shown;	      /* for messages, without */
	const char *variable; /* what named it: "HTTPS_PROXY"; a literal or borrowed */
};

/* http_proxy_find - by the environment */
void http_proxy_find(const char *url, struct http_proxy *proxy);

/* http_proxy_set - value, as `variable` has it, which is borrowed */
void http_proxy_set(const char *value, const char *variable, struct http_proxy *proxy);
void http_proxy_release(struct http_proxy *proxy);

/* http_proxy_is_bypassed - host as http_url_host gives it; port as the URL states it, "" where it
 * does not; list is the value of NO_PROXY */
bool http_proxy_is_bypassed(const char *host, const char *port, const char *list);

#endif
