#include "auth/sigv4.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "base/panic.h"
#include "base/text.h"
#include "http/url.h"
#include "packaging/digest/hmac_sha256.h"
#include "packaging/digest/sha256.h"

#define DATE_SIZE 17 /* 20261122T200317Z */

static void hmac(const void *key, size_t key_size, const char *text, uint8_t out[SHA256_BYTES])
{
	hmac_sha256(key, key_size, text, strlen(text), out);
}

/* The part of the URL behind its authority, and how long the authority is. */
static const char *path_of(const char *url, const char **host, size_t *host_size)
{
	*host = strstr(url, "://") + 3;
	*host_size = strcspn(*host, "/?");
	return *host + *host_size;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "name:value" with the white space around the value gone */
static char *canonical_header(const char *line)
{
	const char *colon = strchr(line, ':');
	char *value = text_trimmed(colon + 1, strlen(colon + 1));
	char *canonical = text_format("%.*s:%s", (int)(colon - line), line, value);
	free(value);
	return canonical;
}

struct canonical {
	char *headers[SIGV4_HEADERS_MAX + 4];
	size_t count;
	struct text names; /* "host;x-amz-date" */
};

/* Sorted by name: ":" must not take part, or x-amz-meta-a would come behind x-amz-meta-a-b. */
static void sort_headers(struct canonical *c)
{
	for (size_t i = 0; i < c->count; i++)
		*strchr(c->headers[i], ':') = '\0';
	qsort(c->headers, c->count, sizeof(*c->headers), by_text);
	for (size_t i = 0; i < c->count; i++) {
		text_printf(&c->names, "%s%s", i > 0 ? ";" : "", c->headers[i]);
		c->headers[i][strlen(c->headers[i])] = ':';
	}
}

static void collect_headers(const struct sigv4_request *request,
	const struct sigv4_lines *signed_lines, struct canonical *c)
{
	const char *host;
	size_t host_size;
	path_of(request->url, &host, &host_size);
	*c = (struct canonical){0};
	c->headers[c->count++] = text_format("host:%.*s", (int)host_size, host);
	for (size_t i = 0; request->headers != NULL && request->headers[i] != NULL; i++) {
		INVARIANT(i < SIGV4_HEADERS_MAX);
		c->headers[c->count++] = canonical_header(request->headers[i]);
	}
	for (size_t i = 0; i < signed_lines->count; i++)
		c->headers[c->count++] = canonical_header(signed_lines->lines[i]);
	sort_headers(c);
}

static void canonical_release(struct canonical *c)
{
	for (size_t i = 0; i < c->count; i++) {
		explicit_bzero(c->headers[i], strlen(c->headers[i]));
		free(c->headers[i]);
	}
	text_release(&c->names);
}

/* By name, then by value; "=" must not take part. */
static int by_name(const void *a, const void *b)
{
	const char *first = *(char *const *)a, *second = *(char *const *)b;
	size_t size = strcspn(first, "="), other = strcspn(second, "=");
	int order = memcmp(first, second, size < other ? size : other);
	if (order == 0 && size != other)
		order = size < other ? -1 : 1;
	return order != 0 ? order : strcmp(first, second);
}

/* As the server writes it, which decodes and encodes it again: only letters, digits and "-_.~"
 * stand for themselves. */
static char *canonical_pair(const char *pair)
{
	struct text text = {0};
	size_t name = strcspn(pair, "=");
	for (const char *c = pair; *c != '\0'; c++) {
		char one[] = {*c, '\0'};
		bool kept = *c == '%' || c == pair + name;
		char *escaped = kept ? NULL : http_escape_query(*c == '+' ? " " : one);
		text_add_string(&text, kept ? one : escaped);
		free(escaped);
	}
	if (pair[name] == '\0')
		text_add_string(&text, "=");
	return text_take(&text);
}

static void add_query(struct text *text, const char *query)
{
	size_t count = 0;
	char *copy = text_copy(query), *rest = copy, *pair;
	char **pairs = memory_get(strlen(query) + 1, sizeof(*pairs));
	while ((pair = strsep(&rest, "&")) != NULL)
		if (pair[0] != '\0')
			pairs[count++] = canonical_pair(pair);
	qsort(pairs, count, sizeof(*pairs), by_name);
	for (size_t i = 0; i < count; i++) {
		text_printf(text, "%s%s", i > 0 ? "&" : "", pairs[i]);
		free(pairs[i]);
	}
	free(pairs);
	free(copy);
}

static void add_path(struct text *text, const char *path, size_t size, const char *service)
{
	char *once = text_format("%.*s", (int)size, path);
	char *twice = strcmp(service, "s3") == 0 ? NULL : http_escape_path(once);
	text_add_string(text, size == 0 ? "/" : twice != NULL ? twice : once);
	free(once);
	free(twice);
}

static void digest_of_request(const struct sigv4_request *request, const char *service,
	const struct canonical *c, char digest[SHA256_HEX])
{
	struct text text = {0};
	const char *host;
	size_t host_size;
	const char *path = path_of(request->url, &host, &host_size);
	size_t path_size = strcspn(path, "?");
	text_printf(&text, "%s\n", request->method);
	add_path(&text, path, path_size, service);
	text_add_string(&text, "\n");
	add_query(&text, path[path_size] == '?' ? path + path_size + 1 : "");
	text_add_string(&text, "\n");
	for (size_t i = 0; i < c->count; i++)
		text_printf(&text, "%s\n", c->headers[i]);
	text_printf(&text, "\n%s\n%s", text_string(&c->names), request->payload);
	sha256_of(text.data, text.size, digest);
	explicit_bzero(text.data, text.size);
	text_release(&text);
}

/* The day's key for this region and service. */
static void derive_key(const struct sigv4_keys *keys, const struct sigv4_scope *scope,
	const char *day, uint8_t key[SHA256_BYTES])
{
	char *secret = text_format("AWS4%s", keys->secret_key);
	hmac(secret, strlen(secret), day, key);
	explicit_bzero(secret, strlen(secret));
	free(secret);
	hmac(key, SHA256_BYTES, scope->region, key);
	hmac(key, SHA256_BYTES, scope->service, key);
	hmac(key, SHA256_BYTES, "aws4_request", key);
}

static void sign_digest(const struct sigv4_keys *keys, const struct sigv4_scope *scope,
	const char *date, const char *digest, char signature[SHA256_HEX])
{
	uint8_t key[SHA256_BYTES], mac[SHA256_BYTES];
	char day[9];
	snprintf(day, sizeof(day), "%.8s", date);
	char *text = text_format("AWS4-HMAC-SHA256\n%s\n%s/%s/%s/aws4_request\n%s", date, day,
		scope->region, scope->service, digest);
	derive_key(keys, scope, day, key);
	hmac(key, sizeof(key), text, mac);
	text_hex(signature, mac, sizeof(mac));
	explicit_bzero(key, sizeof(key));
	free(text);
}

static void format_date(int64_t now_ms, char date[DATE_SIZE])
{
	time_t seconds = (time_t)(now_ms / 1000);
	struct tm parts;
	gmtime_r(&seconds, &parts);
	strftime(date, DATE_SIZE, "%Y%m%dT%H%M%SZ", &parts);
}

void sigv4_sign(const struct sigv4_keys *keys, const struct sigv4_scope *scope,
	const struct sigv4_request *request, struct sigv4_lines *signed_lines)
{
	char date[DATE_SIZE], digest[SHA256_HEX], signature[SHA256_HEX];
	struct canonical canonical;
	*signed_lines = (struct sigv4_lines){0};
	format_date(scope->now_ms, date);
	signed_lines->lines[signed_lines->count++] = text_format("x-amz-date: %s", date);
	signed_lines->lines[signed_lines->count++] =
		text_format("x-amz-content-sha256: %s", request->payload);
	if (keys->session_token != NULL)
		signed_lines->lines[signed_lines->count++] =
			text_format("x-amz-security-token: %s", keys->session_token);
	collect_headers(request, signed_lines, &canonical);
	digest_of_request(request, scope->service, &canonical, digest);
	sign_digest(keys, scope, date, digest, signature);
	signed_lines->lines[signed_lines->count++] = text_format(
		"authorization: AWS4-HMAC-SHA256 Credential=%s/%.8s/%s/%s/aws4_request, "
		"SignedHeaders=%s, Signature=%s",
		keys->access_key, date, scope->region, scope->service,
		text_string(&canonical.names), signature);
	canonical_release(&canonical);
}

void sigv4_lines_release(struct sigv4_lines *lines)
{
	for (size_t i = 0; i < lines->count; i++) {
		explicit_bzero(lines->lines[i], strlen(lines->lines[i]));
		free(lines->lines[i]);
	}
	*lines = (struct sigv4_lines){0};
}
