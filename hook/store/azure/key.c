#include "store/azure/key.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/panic.h"
#include "base/text.h"
#include "packaging/digest/base64.h"
#include "packaging/digest/hmac_sha256.h"
#include "store/checksum.h"

#define HEADERS_MAX 16

/* The value in a "name: value" line, or NULL where it has another name. */
static const char *value_in(const char *line, const char *name)
{
	size_t size = strlen(name);
	if (strncmp(line, name, size) != 0 || line[size] != ':')
		return NULL;
	return line + size + 1 + strspn(line + size + 1, " ");
}

static const char *find_value(const struct azure_to_sign *request, const char *name)
{
	for (size_t i = 0; request->headers[i] != NULL; i++)
		if (value_in(request->headers[i], name) != NULL)
			return value_in(request->headers[i], name);
	return "";
}

/* The headers that are not Azure's own, in an order that is the protocol's. */
static void add_standard_headers(struct text *text, const struct azure_to_sign *request)
{
	static const char *const names[] = {"content-encoding", "content-language",
		"content-length", "content-md5", "content-type", "date", "if-modified-since",
		"if-match", "if-none-match", "if-unmodified-since", "range"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], "content-length") == 0 && request->size > 0)
			text_printf(text, "%llu\n", (unsigned long long)request->size);
		else if (strcmp(names[i], "content-type") == 0 && request->content_type != NULL)
			text_printf(text, "%s\n", request->content_type);
		else
			text_printf(text, "%s\n", find_value(request, names[i]));
	}
}

static int by_name(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;
	size_t size = strcspn(x, ":"), other = strcspn(y, ":");
	int order = strncmp(x, y, size < other ? size : other);
	return order != 0 ? order : (int)size - (int)other;
}

static void add_own_headers(struct text *text, const struct azure_to_sign *request)
{
	const char *lines[HEADERS_MAX];
	size_t count = 0;
	for (size_t i = 0; request->headers[i] != NULL; i++) {
		INVARIANT(count < HEADERS_MAX);
		if (text_starts_with(request->headers[i], "x-ms-"))
			lines[count++] = request->headers[i];
	}
	qsort(lines, count, sizeof(*lines), by_name);
	for (size_t i = 0; i < count; i++) {
		size_t size = strcspn(lines[i], ":");
		text_printf(text, "%.*s:%s\n", (int)size, lines[i],
			lines[i] + size + 1 + strspn(lines[i] + size + 1, " "));
	}
}

char *azure_key_sign(const char *account, const uint8_t *key, size_t key_size,
	const struct azure_to_sign *request)
{
	struct text text = {0};
	uint8_t mac[SHA256_BYTES];
	text_printf(&text, "%s\n", request->method);
	add_standard_headers(&text, request);
	add_own_headers(&text, request);
	text_printf(&text, "/%s%s", account, request->path);
	for (size_t i = 0; i < AZURE_QUERY_MAX && request->parameters[i].name != NULL; i++)
		text_printf(&text, "\n%s:%s", request->parameters[i].name,
			request->parameters[i].value);
	hmac_sha256(key, key_size, text.data, text.size, mac);
	char *signature = base64_encode(mac, sizeof(mac));
	char *value = text_format("SharedKey %s:%s", account, signature);
	text_release(&text);
	free(signature);
	return value;
}
