#include "http/proxy.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/env.h"
#include "base/text.h"
#include "http/url.h"

static bool ends_with(const char *name, const char *end)
{
	size_t size = strlen(name), end_size = strlen(end);
	return size > end_size && name[size - end_size - 1] == '.' &&
	       strcasecmp(name + size - end_size, end) == 0;
}

static bool is_or_ends_with(const char *name, const char *entry)
{
	return strcasecmp(name, entry) == 0 || ends_with(name, entry);
}

/* "10.0.0.0/8"; a mask of 0 is none, as in requests. */
static bool is_network_of(struct in_addr address, const char *entry)
{
	struct in_addr network;
	const char *slash = strchr(entry, '/');
	if (slash == NULL || slash[1] == '\0' ||
		strspn(slash + 1, "0123456789") != strlen(slash + 1))
		return false;
	long bits = strtol(slash + 1, NULL, 10);
	char *base = text_format("%.*s", (int)(slash - entry), entry);
	bool is = inet_aton(base, &network) != 0 && bits >= 1 && bits <= 32;
	free(base);
	uint32_t mask = is ? htonl(~UINT32_C(0) << (32 - bits)) : 0;
	return is && (address.s_addr & mask) == (network.s_addr & mask);
}

static bool is_entry_of(const char *host, const char *port, const char *entry)
{
	struct in_addr address;
	if (inet_aton(host, &address) != 0 && is_network_of(address, entry))
		return true;
	entry += strspn(entry, ".");
	if (*entry == '\0')
		return false;
	if (is_or_ends_with(host, entry))
		return true;
	if (inet_aton(host, &address) != 0 || port[0] == '\0')
		return false;
	char *both = text_format("%s:%s", host, port);
	bool is = is_or_ends_with(both, entry);
	free(both);
	return is;
}

bool http_proxy_is_bypassed(const char *host, const char *port, const char *list)
{
	bool is = strcmp(list, "*") == 0;
	while (*list != '\0' && !is) {
		size_t size = strcspn(list, ",");
		char *entry = text_trimmed(list, size);
		is = is_entry_of(host, port, entry);
		free(entry);
		list += size;
		list += strspn(list, ",");
	}
	return is;
}

/* The port that the URL itself states, or "". */
static char *stated_port(const char *url)
{
	const char *authority = strstr(url, "://");
	authority = authority != NULL ? authority + 3 : url;
	size_t size = strcspn(authority, "/?#");
	const char *colon = memrchr(authority, ':', size), *before = memrchr(authority, ']', size);
	if (before == NULL)
		before = memrchr(authority, '@', size);
	if (colon == NULL || (before != NULL && colon < before))
		return text_copy("");
	return text_format("%.*s", (int)(authority + size - colon - 1), colon + 1);
}

static bool needs_none(const char *url)
{
	const char *list =
		env_get(ENV_no_proxy) != NULL ? env_get(ENV_no_proxy) : env_get(ENV_NO_PROXY);
	char *host = http_url_host(url);
	char *port = stated_port(url);
	bool is = list != NULL && host != NULL && http_proxy_is_bypassed(host, port, list);
	free(host);
	free(port);
	return is;
}

/* The lower-case variable decides where it is there at all. */
static const char *pick(
	enum env_variable lower, enum env_variable upper, enum env_variable *variable)
{
	*variable = env_is_there(lower) ? lower : upper;
	return env_get(*variable);
}

/* A CGI program gets HTTP_PROXY from anybody's Proxy header. */
static const char *pick_for(const char *url, enum env_variable *variable)
{
	const char *value = NULL;
	if (strncasecmp(url, "https:", 6) == 0)
		value = pick(ENV_https_proxy, ENV_HTTPS_PROXY, variable);
	else
		value = pick(ENV_http_proxy,
			env_get(ENV_REQUEST_METHOD) == NULL ? ENV_HTTP_PROXY : ENV_http_proxy,
			variable);
	return value != NULL ? value : pick(ENV_all_proxy, ENV_ALL_PROXY, variable);
}

/* libcurl takes 1080 for the port of a proxy that states none, requests the scheme's own. */
static char *with_scheme_and_port(const char *value)
{
	char *url = text_format("%s%s", strstr(value, "://") == NULL ? "http://" : "", value);
	char *port = stated_port(url);
	if (port[0] == '\0' && strncasecmp(url, "http://", 7) == 0) {
		size_t size = 7 + strcspn(url + 7, "/?#");
		char *longer = text_format("%.*s:80", (int)size, url);
		explicit_bzero(url, strlen(url));
		free(url);
		url = longer;
	}
	free(port);
	return url;
}

void http_proxy_set(const char *value, const char *variable, struct http_proxy *proxy)
{
	proxy->url = with_scheme_and_port(value);
	proxy->shown = http_url_show(proxy->url);
	proxy->variable = variable;
}

void http_proxy_find(const char *url, struct http_proxy *proxy)
{
	*proxy = (struct http_proxy){0};
	enum env_variable variable;
	const char *value = pick_for(url, &variable);
	if (value != NULL && !needs_none(url))
		http_proxy_set(value, env_name(variable), proxy);
}

void http_proxy_release(struct http_proxy *proxy)
{
	if (proxy->url != NULL)
		explicit_bzero(proxy->url, strlen(proxy->url));
	free(proxy->url);
	free(proxy->shown);
	*proxy = (struct http_proxy){0};
}
