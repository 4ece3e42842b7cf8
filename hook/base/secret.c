#include "base/secret.h"

#include <ctype.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/secret_forms.h"
#include "base/text.h"

#define SHOWN "[redacted]"
#define CUT_LEAST 8  /* of a form whose rest the end of the text cut off */
#define CUT_FORM 16  /* a form so long is known by ... */
#define CUT_START 12 /* ... its first so many bytes, wherever it was cut */
#define AUTHORITY_MAX 4096

struct form {
	struct form *next;
	size_t size;
	char bytes[];
};

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static struct form *forms;
static bool starts[256]; /* the first bytes of all forms */

static bool is_known(const char *bytes, size_t size)
{
	for (const struct form *form = forms; form != NULL; form = form->next)
		if (form->size == size && memcmp(form->bytes, bytes, size) == 0)
			return true;
	return false;
}

static void add_form(const char *bytes, size_t size)
{
	struct form *form = memory_get(1, sizeof(*form) + size);
	form->size = size;
	memcpy(form->bytes, bytes, size);
	pthread_rwlock_wrlock(&lock);
	bool known = is_known(bytes, size);
	if (!known) {
		form->next = forms;
		forms = form;
		starts[(unsigned char)bytes[0]] = true;
	}
	pthread_rwlock_unlock(&lock);
	if (known) {
		explicit_bzero(form->bytes, size);
		free(form);
	}
}

static void add(const char *secret, size_t size)
{
	if (size < SECRET_LEAST)
		return;
	pthread_rwlock_rdlock(&lock);
	bool known = is_known(secret, size);
	pthread_rwlock_unlock(&lock);
	if (!known)
		secret_forms(secret, size, add_form);
}

void secret_add(const char *secret)
{
	if (secret != NULL)
		add(secret, strlen(secret));
}

static bool carries_secret(const char *name, size_t size)
{
	static const char *const parts[] = {
		"authorization", "cookie", "token", "key", "secret", "password", "credential"};
	char *lower = memory_get(size + 1, 1);
	bool found = false;
	for (size_t i = 0; i < size; i++)
		lower[i] = (char)tolower((unsigned char)name[i]);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		found = found || strstr(lower, parts[i]) != NULL;
	free(lower);
	return found;
}

void secret_add_named(const char *name, const char *value)
{
	if (value != NULL && carries_secret(name, strlen(name)))
		secret_add(value);
}

/* A signature is of one request: it is hidden by its name, or there would be ever more of them. */
static bool is_signature(const char *value)
{
	return text_starts_with(value, "AWS4-") || text_starts_with(value, "SharedKey");
}

void secret_add_header(const char *line)
{
	const char *colon = strchr(line, ':');
	if (colon == NULL || !carries_secret(line, (size_t)(colon - line)))
		return;
	const char *value = colon + 1 + strspn(colon + 1, " \t");
	size_t scheme = strcspn(value, " ");
	if (is_signature(value))
		return;
	secret_add(value);
	if (value[scheme] == ' ' && strncasecmp(line, "cookie", 6) != 0)
		secret_add(value + scheme + 1);
	for (const char *at = value; (at = strpbrk(at, "=")) != NULL; at++)
		add(at + 1, strcspn(at + 1, "; "));
}

static char *decoded(const char *bytes, size_t size)
{
	char *out = memory_get(size + 1, 1), *to = out;
	for (size_t i = 0; i < size; i++, to++) {
		char pair[3] = {0};
		if (bytes[i] == '%' && size - i > 2)
			memcpy(pair, bytes + i + 1, 2);
		bool coded = isxdigit((unsigned char)pair[0]) && isxdigit((unsigned char)pair[1]);
		*to = coded ? (char)strtol(pair, NULL, 16) : bytes[i];
		i += coded ? 2 : 0;
	}
	return out;
}

static void add_part(const char *bytes, size_t size)
{
	char *plain = decoded(bytes, size);
	add(bytes, size);
	secret_add(plain);
	explicit_bzero(plain, size);
	free(plain);
}

/* How many bytes of what follows "://" are user information with its @. An @ behind the first slash
 * counts where there is a password, or what stands before can be no host: nobody encoded it. */
static size_t user_information(const char *bytes, size_t size)
{
	size_t token = 0, authority = 0;
	size = size < AUTHORITY_MAX ? size : AUTHORITY_MAX;
	while (token < size && (unsigned char)bytes[token] > ' ' &&
		strchr("\"'<>`", bytes[token]) == NULL)
		token++;
	while (authority < token && strchr("/?#", bytes[authority]) == NULL)
		authority++;
	const char *at = memrchr(bytes, '@', authority);
	const char *colon = memchr(bytes, ':', authority);
	bool has_password = at != NULL && colon != NULL && colon < at;
	bool is_no_host = at == NULL && colon != NULL && bytes[0] != '[' &&
			  colon + 1 < bytes + authority && !isdigit((unsigned char)colon[1]);
	if (has_password || is_no_host)
		at = memrchr(bytes, '@', token);
	return at != NULL ? (size_t)(at + 1 - bytes) : 0;
}

void secret_add_url(const char *url)
{
	const char *start = strstr(url, "://");
	if (start == NULL)
		return;
	start += 3;
	size_t size = user_information(start, strlen(start));
	const char *colon = memchr(start, ':', size);
	if (colon == NULL)
		return;
	add_part(start, size - 1);
	add_part(colon + 1, size - 1 - (size_t)(colon + 1 - start));
}

void secret_wipe(void)
{
	pthread_rwlock_wrlock(&lock);
	while (forms != NULL) {
		struct form *form = forms;
		forms = form->next;
		explicit_bzero(form->bytes, form->size);
		free(form);
	}
	memset(starts, 0, sizeof(starts));
	pthread_rwlock_unlock(&lock);
}

/* What is hidden */

static bool is_word(const char *bytes, size_t size, size_t at, size_t length)
{
	bool before = at > 0 && isalnum((unsigned char)bytes[at - 1]);
	bool behind = at + length < size && isalnum((unsigned char)bytes[at + length]);
	return !before && !behind;
}

static bool is_plain_word(const struct form *form)
{
	for (size_t i = 0; i < form->size; i++)
		if (!isalpha((unsigned char)form->bytes[i]) && form->bytes[i] != '_')
			return false;
	return true;
}

/* Bytes of text that write down the form, or enough of it. */
static size_t form_at(const struct form *form, const char *bytes, size_t size, size_t at, bool all)
{
	size_t matched;
	size_t length = secret_match(form->bytes, form->size, bytes + at, size - at, &matched);
	bool is_whole = matched == form->size, is_strong = form->size >= SECRET_STRONG;
	bool is_cut =
		at > 0 && at + length == size && matched >= CUT_LEAST && 2 * matched >= form->size;
	if (!all && (!is_strong || is_plain_word(form)))
		return 0;
	if (!is_strong)
		return is_whole && is_word(bytes, size, at, length) ? length : 0;
	return is_whole || is_cut || (form->size >= CUT_FORM && matched >= CUT_START) ? length : 0;
}

static bool may_begin(char c)
{
	return starts[(unsigned char)c] || c == '%' || c == '\\' || c == '&' || c == '+';
}

static size_t longest_form_at(const char *bytes, size_t size, size_t at, bool all)
{
	size_t longest = 0;
	if (!may_begin(bytes[at]))
		return 0;
	for (const struct form *form = forms; form != NULL; form = form->next) {
		size_t length = form_at(form, bytes, size, at, all);
		longest = length > longest ? length : longest;
	}
	return longest;
}

static bool ends_with(const char *bytes, size_t at, const char *end)
{
	size_t size = strlen(end);
	return at >= size && strncasecmp(bytes + at - size, end, size) == 0;
}

/* wasbs and abfss name a container there, and no user. */
static bool follows_scheme(const char *bytes, size_t at)
{
	static const char *const containers[] = {"wasb://", "wasbs://", "abfs://", "abfss://"};
	if (at < 3 || memcmp(bytes + at - 3, "://", 3) != 0)
		return false;
	for (size_t i = 0; i < sizeof(containers) / sizeof(containers[0]); i++)
		if (ends_with(bytes, at, containers[i]))
			return false;
	return true;
}

static size_t signature_at(const char *bytes, size_t size, size_t at)
{
	static const char *const names[] = {"X-Amz-Signature=", "X-Amz-Security-Token=",
		"X-Goog-Signature=", "Signature=", "&sig=", "?sig=", "&access_token=",
		"?access_token=", "&delegation=", "?delegation=", "&token=", "?token="};
	size_t length = 0;
	if (at == 0 || bytes[at - 1] != '=')
		return 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!ends_with(bytes, at, names[i]))
			continue;
		while (at + length < size && (unsigned char)bytes[at + length] > ' ' &&
			strchr("&\"'<>,;\\)", bytes[at + length]) == NULL)
			length++;
		return length;
	}
	return 0;
}

void secret_look(void)
{
	pthread_rwlock_rdlock(&lock);
}

void secret_looked(void)
{
	pthread_rwlock_unlock(&lock);
}

size_t secret_at(const char *bytes, size_t size, size_t at, bool all, const char **shown)
{
	size_t user = follows_scheme(bytes, at) ? user_information(bytes + at, size - at) : 0;
	size_t length = longest_form_at(bytes, size, at, all);
	*shown = user > 0 ? "" : SHOWN;
	if (user > 0 && length >= user) /* the login itself, whatever it is made of */
		return length + (at + length < size && bytes[at + length] == '@');
	if (user > 0 || length > 0)
		return user > 0 ? user : length;
	return signature_at(bytes, size, at);
}

void secret_redact(struct text *text, const char *bytes, size_t size, bool all)
{
	size_t from = 0;
	secret_look();
	for (size_t at = 0; at < size;) {
		const char *shown;
		size_t length = secret_at(bytes, size, at, all, &shown);
		if (length > 0) {
			text_add(text, bytes + from, at - from);
			text_add_string(text, shown);
			from = at + length;
		}
		at += length > 0 ? length : 1;
	}
	text_add(text, bytes + from, size - from);
	secret_looked();
}
