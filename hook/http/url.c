#include "http/url.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/panic.h"
#include "base/text.h"

/* Whether what stands there is what libcurl will ask: it takes one slash, or three, for two, and an
 * @ inside an address's brackets for a part of it. */
static bool is_plain(const char *url)
{
	const char *rest = strchr(url, ':');
	if (rest == NULL || strncmp(rest, "://", 3) != 0 || rest[3] == '/')
		return false;
	size_t size = strcspn(rest + 3, "/?#");
	const char *at = memrchr(rest + 3, '@', size), *bracket = memchr(rest + 3, '[', size);
	return at == NULL || bracket == NULL || at < bracket;
}

static CURLU *url_parse(const char *url)
{
	if (!is_plain(url))
		return NULL;
	CURLU *parsed = curl_url();
	if (parsed == NULL)
		panic_out_of_memory();
	if (curl_url_set(parsed, CURLUPART_URL, url, CURLU_PATH_AS_IS) == CURLUE_OK)
		return parsed;
	curl_url_cleanup(parsed);
	return NULL;
}

/* A copy of ours, so that no caller needs to know curl_free; NULL where the part is absent. */
static char *url_part(CURLU *parsed, CURLUPart part, unsigned flags)
{
	char *value = NULL;
	if (curl_url_get(parsed, part, &value, flags) != CURLUE_OK)
		return NULL;
	char *copy = text_copy(value);
	explicit_bzero(value, strlen(value));
	curl_free(value);
	return copy;
}

static char *lower(char *string)
{
	for (char *c = string; c != NULL && *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	return string;
}

static bool is_web(const char *scheme)
{
	return text_equal(scheme, "http") || text_equal(scheme, "https");
}

char *http_url_origin(const char *url)
{
	CURLU *parsed = url_parse(url);
	if (parsed == NULL)
		return NULL;
	char *scheme = lower(url_part(parsed, CURLUPART_SCHEME, 0));
	char *host = lower(url_part(parsed, CURLUPART_HOST, 0));
	char *port = url_part(parsed, CURLUPART_PORT, CURLU_DEFAULT_PORT);
	char *origin = NULL;
	if (is_web(scheme) && host != NULL && port != NULL)
		origin = text_format("%s://%s:%s", scheme, host, port);
	free(scheme);
	free(host);
	free(port);
	curl_url_cleanup(parsed);
	return origin;
}

char *http_url_host(const char *url)
{
	CURLU *parsed = url_parse(url);
	if (parsed == NULL)
		return NULL;
	char *host = lower(url_part(parsed, CURLUPART_HOST, 0));
	curl_url_cleanup(parsed);
	size_t size = host != NULL ? strlen(host) : 0;
	if (size > 2 && host[0] == '[') {
		memmove(host, host + 1, size - 2);
		host[size - 2] = '\0';
	}
	return host;
}

bool http_url_same_origin(const char *a, const char *b)
{
	char *origin_a = http_url_origin(a), *origin_b = http_url_origin(b);
	bool same = origin_a != NULL && text_equal(origin_a, origin_b);
	free(origin_a);
	free(origin_b);
	return same;
}

char *http_url_with_host(const char *url, const char *host)
{
	CURLU *parsed = url_parse(url);
	if (parsed == NULL)
		return NULL;
	char *changed = NULL;
	if (curl_url_set(parsed, CURLUPART_HOST, host, 0) == CURLUE_OK)
		changed = url_part(parsed, CURLUPART_URL, 0);
	curl_url_cleanup(parsed);
	return changed;
}

bool http_url_is_loopback(const char *url)
{
	char *host = http_url_host(url);
	struct in_addr address;
	bool is = text_equal(host, "localhost") || text_equal(host, "::1") ||
		  (host != NULL && inet_pton(AF_INET, host, &address) == 1 &&
			  ntohl(address.s_addr) >> 24 == 127);
	free(host);
	return is;
}

bool http_url_cut_user(char **url, char **user, char **password)
{
	*user = *password = NULL;
	char *origin = http_url_origin(*url);
	if (origin == NULL)
		return false;
	free(origin);
	CURLU *parsed = url_parse(*url);
	INVARIANT(parsed != NULL);
	*user = url_part(parsed, CURLUPART_USER, CURLU_URLDECODE);
	*password = url_part(parsed, CURLUPART_PASSWORD, CURLU_URLDECODE);
	curl_url_cleanup(parsed);

	/* Cut by hand: the rest of the URL stays to the letter what the user wrote. */
	char *authority = strstr(*url, "://") + 3;
	char *end = authority + strcspn(authority, "/?#");
	char *at = memrchr(authority, '@', (size_t)(end - authority));
	if (at != NULL) {
		size_t rest = strlen(at + 1), whole = strlen(authority);
		memmove(authority, at + 1, rest + 1);
		explicit_bzero(authority + rest, whole - rest);
	}
	return true;
}

/* scheme://host/path: neither user information nor query nor fragment */
static void add_shown(struct text *text, const char *url)
{
	size_t before = text->size;
	escape_add(text, url, strlen(url)); /* leaves the user information out */
	text->size = before + strcspn(text_string(text) + before, "?#");
	if (text->data != NULL)
		text->data[text->size] = '\0';
}

char *http_url_show(const char *url)
{
	struct text text = {0};
	add_shown(&text, url);
	return text_take(&text);
}

char *http_url_tail(const char *url)
{
	char *shown = http_url_show(url);
	char *path = strstr(shown, "://");
	path = path != NULL ? strchr(path + 3, '/') : NULL;
	char *tail = path;
	size_t slashes = 0;
	for (char *c = path; c != NULL && *c != '\0'; c++)
		slashes += *c == '/';
	for (; tail != NULL && slashes > 2; slashes--)
		tail = strchr(tail + 1, '/');
	char *copy = tail == NULL   ? text_copy("/")
		     : tail == path ? text_copy(tail)
				    : text_format("…%s", tail);
	free(shown);
	return copy;
}

static char *escape(const char *string, const char *kept)
{
	struct text text = {0};
	for (const unsigned char *c = (const unsigned char *)string; *c != '\0'; c++) {
		bool plain = (*c < 0x80 && isalnum(*c)) || strchr(kept, *c) != NULL;
		if (plain)
			text_add(&text, c, 1);
		else
			text_printf(&text, "%%%02X", *c);
	}
	return text_take(&text);
}

char *http_escape_path(const char *path)
{
	return escape(path, "-_.~/");
}

char *http_escape_query(const char *value)
{
	return escape(value, "-_.~");
}
