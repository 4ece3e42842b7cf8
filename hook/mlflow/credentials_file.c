#include "mlflow/credentials_file.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/text.h"

void credentials_wipe(char *secret)
{
	if (secret != NULL)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

void login_release(struct login *login)
{
	credentials_wipe(login->user);
	credentials_wipe(login->password);
	*login = (struct login){0};
}

static void replace(char **secret, char *with)
{
	credentials_wipe(*secret);
	*secret = with;
}

/* netrc: words between white space, on any number of lines. */

struct netrc {
	const char *at;
	const char *end;
	char *word;  /* the current one, owned; NULL at the end */
	bool broken; /* a quote without its end */
};

static bool is_space(char c)
{
	return c != '\0' && strchr(" \t\r\n", c) != NULL;
}

/* The word is at most as long as what is left, so that it never has to move in memory. */
static void netrc_next(struct netrc *n)
{
	replace(&n->word, NULL);
	while (n->at < n->end && (is_space(*n->at) || *n->at == '\0'))
		n->at++;
	if (n->at == n->end)
		return;
	char *out = n->word = memory_get((size_t)(n->end - n->at) + 1, 1);
	bool quoted = *n->at == '"';
	if (quoted)
		n->at++;
	while (n->at < n->end && (quoted ? *n->at != '"' : !is_space(*n->at))) {
		if (*n->at == '\\' && n->at + 1 < n->end)
			n->at++;
		*out++ = *n->at++;
	}
	if (quoted && n->at == n->end)
		n->broken = true;
	else if (quoted)
		n->at++;
}

static void netrc_skip_line(struct netrc *n)
{
	while (n->at < n->end && *n->at != '\n')
		n->at++;
}

/* A macro ends with an empty line. */
static void netrc_skip_macro(struct netrc *n)
{
	const char *end = memmem(n->at, (size_t)(n->end - n->at), "\n\n", 2);
	n->at = end != NULL ? end : n->end;
}

static bool word_is(const struct netrc *n, const char *word)
{
	return n->word != NULL && strcmp(n->word, word) == 0;
}

/* "login NAME", "password WORD", "account WORD" until something else comes. */
static void netrc_read_login(struct netrc *n, struct login *login)
{
	for (;;) {
		char **field = word_is(n, "login") || word_is(n, "user") ? &login->user
			       : word_is(n, "password")			 ? &login->password
									 : NULL;
		if (n->word != NULL && n->word[0] == '#') {
			netrc_skip_line(n);
		} else if (field != NULL || word_is(n, "account")) {
			netrc_next(n);
			if (field != NULL)
				replace(field, text_copy(n->word));
		} else {
			return;
		}
		netrc_next(n);
	}
}

static void netrc_take(struct login *to, struct login *from)
{
	login_release(to);
	*to = *from;
	*from = (struct login){0};
}

/* One entry; false where a word stands that begins none. */
static bool netrc_read_entry(
	struct netrc *n, const char *host, struct login *of_host, struct login *of_any)
{
	struct login login = {0};
	bool is_default = word_is(n, "default"), is_machine = word_is(n, "machine");
	if (n->word[0] == '#') {
		netrc_skip_line(n);
		netrc_next(n);
		return true;
	}
	if (word_is(n, "macdef")) {
		netrc_skip_macro(n);
		netrc_next(n);
		return true;
	}
	if (is_machine)
		netrc_next(n);
	if (!is_default && (!is_machine || n->word == NULL))
		return false;
	bool matches = is_machine && strcasecmp(n->word, host) == 0;
	netrc_next(n);
	netrc_read_login(n, &login);
	if (login.user == NULL)
		login.user = text_copy("");
	if (login.password == NULL)
		login.password = text_copy("");
	if (is_default || matches)
		netrc_take(is_default ? of_any : of_host, &login);
	login_release(&login);
	return true;
}

int credentials_parse_netrc(const char *text, size_t size, const char *host, struct login *login,
	bool *found, struct fail *f)
{
	struct netrc n = {.at = text, .end = text + size};
	struct login of_host = {0}, of_any = {0};
	bool fine = true;
	*login = (struct login){0};
	netrc_next(&n);
	while (fine && n.word != NULL)
		fine = netrc_read_entry(&n, host, &of_host, &of_any);
	fine = fine && !n.broken;
	if (fine)
		netrc_take(login, of_host.user != NULL ? &of_host : &of_any);
	*found = login->user != NULL;
	replace(&n.word, NULL);
	login_release(&of_host);
	login_release(&of_any);
	/* What stands there may be a secret: it is not repeated. */
	return fine ? 0 : fail_set(f, STATUS_CONFIGURATION, "it is not in the form of a .netrc");
}

/* INI */

static void trim(const char **at, size_t *size)
{
	while (*size > 0 && (is_space(**at) || **at == '\0'))
		++*at, --*size;
	while (*size > 0 && (is_space((*at)[*size - 1]) || (*at)[*size - 1] == '\0'))
		--*size;
}

static char *ini_value(const char *at, size_t size)
{
	trim(&at, &size);
	char *value = memory_get(size + 1, 1), *out = value;
	for (size_t i = 0; i < size; i++) {
		*out++ = at[i];
		if (at[i] == '%' && i + 1 < size && at[i + 1] == '%')
			i++;
	}
	return value;
}

static void ini_read_option(const char *line, size_t size, struct login *login)
{
	size_t key_size = 0;
	while (key_size < size && line[key_size] != '=' && line[key_size] != ':')
		key_size++;
	if (key_size == size)
		return;
	const char *key = line;
	size_t length = key_size;
	trim(&key, &length);
	char **field = NULL;
	if (length == 24 && strncasecmp(key, "mlflow_tracking_username", length) == 0)
		field = &login->user;
	else if (length == 24 && strncasecmp(key, "mlflow_tracking_password", length) == 0)
		field = &login->password;
	if (field != NULL)
		replace(field, ini_value(line + key_size + 1, size - key_size - 1));
}

static bool is_mlflow_section(const char *line, size_t size)
{
	return size == 8 && memcmp(line, "[mlflow]", 8) == 0;
}

static void drop_empty(char **secret)
{
	if (*secret != NULL && (*secret)[0] == '\0')
		replace(secret, NULL);
}

int credentials_parse_ini(const char *text, size_t size, struct login *login, struct fail *f)
{
	const char *end = text + size;
	bool in_section = false, in_ours = false;
	*login = (struct login){0};
	for (int number = 1; text < end; number++) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		stop = stop != NULL ? stop : end;
		const char *line = text;
		size_t length = (size_t)(stop - text);
		text = stop < end ? stop + 1 : end;
		trim(&line, &length);
		if (length == 0 || line[0] == '#' || line[0] == ';')
			continue;
		if (line[0] == '[') {
			in_section = true;
			in_ours = is_mlflow_section(line, length);
		} else if (!in_section) {
			return fail_set(f, STATUS_CONFIGURATION,
				"line %d comes before any [section]", number);
		} else if (in_ours) {
			ini_read_option(line, length, login);
		}
	}
	drop_empty(&login->user);
	drop_empty(&login->password);
	return 0;
}
