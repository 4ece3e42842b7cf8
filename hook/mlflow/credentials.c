#include "mlflow/credentials.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/console.h"
#include "base/env.h"
#include "base/file.h"
#include "base/secret.h"
#include "http/url.h"
#include "mlflow/credentials_file.h"

#define FILE_MAX (128 << 10)

static void wipe_text(struct text *text)
{
	if (text->data != NULL)
		explicit_bzero(text->data, text->capacity);
	text_release(text);
}

static void set_basic(struct credentials *credentials, const char *kind, const struct login *login)
{
	const char *password = login->password != NULL ? login->password : "";
	char *plain = text_format("%s:%s", login->user, password);
	size_t size = strlen(plain);
	char *encoded = memory_get(4 * ((size + 2) / 3) + 1, 1);
	EVP_EncodeBlock((unsigned char *)encoded, (const unsigned char *)plain, (int)size);
	credentials->kind = kind;
	credentials->user = text_copy(login->user);
	credentials->authorization = text_format("Basic %s", encoded);
	secret_add(login->password);
	secret_add(plain);
	credentials_wipe(plain);
	credentials_wipe(encoded);
}

/* 1 where the file has a login for the host. A .netrc is there for other programs too: one that is
 * no use does not stop this one, as it does not stop Python's requests. */
static bool read_netrc_file(const char *path, const char *host, struct login *login)
{
	struct text text = {0};
	struct fail f;
	bool found = false;
	if (!file_is_there(path))
		return false;
	if (file_read(path, FILE_MAX, &text, &f) != 0)
		console_warn("%s is left aside", f.text);
	else if (credentials_parse_netrc(text_string(&text), text.size, host, login, &found, &f) !=
		 0)
		console_warn("%s is left aside: %s", path, f.text);
	wipe_text(&text);
	return found;
}

static bool read_netrc(const char *url, struct login *login)
{
	static const char *const names[] = {".netrc", "_netrc"};
	char *host = http_url_host(url);
	bool found = false;
	if (env_get("NETRC") != NULL) {
		found = read_netrc_file(env_get("NETRC"), host, login);
	} else if (env_home() != NULL) {
		for (size_t i = 0; i < 2 && !found; i++) {
			char *path = file_join(env_home(), names[i]);
			found = read_netrc_file(path, host, login);
			free(path);
		}
	}
	free(host);
	return found;
}

static int read_mlflow_file(struct login *login, struct fail *f)
{
	if (env_home() == NULL)
		return 0;
	char *path = file_join(env_home(), ".mlflow/credentials");
	struct text text = {0};
	int result = 0;
	if (file_is_there(path)) {
		result = file_read(path, FILE_MAX, &text, f);
		if (result == 0)
			result = credentials_parse_ini(text_string(&text), text.size, login, f);
		if (result != 0 && !text_starts_with(f->text, path))
			fail_in(f, "%s", path);
		if (result != 0)
			f->status = STATUS_CONFIGURATION;
	}
	wipe_text(&text);
	free(path);
	return result;
}

static void prefer(char **field, const char *value)
{
	if (value == NULL)
		return;
	credentials_wipe(*field);
	*field = text_copy(value);
}

static int read_mlflow(struct credentials *credentials, struct fail *f)
{
	struct login login = {0};
	const char *token = env_get("MLFLOW_TRACKING_TOKEN");
	if (read_mlflow_file(&login, f) != 0)
		return -1;
	prefer(&login.user, env_get("MLFLOW_TRACKING_USERNAME"));
	prefer(&login.password, env_get("MLFLOW_TRACKING_PASSWORD"));
	if (login.user != NULL && login.password != NULL) {
		set_basic(credentials, "user and password", &login);
	} else if (token != NULL) {
		credentials->kind = "token";
		credentials->authorization = text_format("Bearer %s", token);
		secret_add(token);
	}
	login_release(&login);
	return 0;
}

static int check_supported(struct fail *f)
{
	if (env_is_true("MLFLOW_TRACKING_AWS_SIGV4"))
		return fail_set(f, STATUS_CONFIGURATION,
			"MLFLOW_TRACKING_AWS_SIGV4 is set: signing requests to the tracking server "
			"is not supported");
	if (env_get("MLFLOW_TRACKING_AUTH") != NULL)
		return fail_set(f, STATUS_CONFIGURATION,
			"MLFLOW_TRACKING_AUTH is set: authentication plugins are Python and cannot "
			"be run");
	return 0;
}

/* A line break in a header would be a header of somebody's choice. */
static int check_printable(const struct credentials *credentials, struct fail *f)
{
	const char *c = credentials->authorization != NULL ? credentials->authorization : "";
	for (; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return fail_set(f, STATUS_CONFIGURATION,
				"MLFLOW_TRACKING_TOKEN holds a line break or another control "
				"character");
	return 0;
}

static int choose(
	const char *url, struct login *in_url, struct credentials *credentials, struct fail *f)
{
	struct login login = {0};
	if (read_netrc(url, &login))
		set_basic(credentials, "netrc", &login);
	else if (in_url->user != NULL)
		set_basic(credentials, "URL", in_url);
	else if (read_mlflow(credentials, f) != 0)
		return -1;
	login_release(&login);
	return check_printable(credentials, f);
}

int credentials_read(char **url, struct credentials *credentials, struct fail *f)
{
	struct login in_url = {0};
	*credentials = (struct credentials){.kind = "none"};
	if (!http_url_cut_user(url, &in_url.user, &in_url.password)) {
		const char *scheme_end = strstr(*url, "://");
		int size = scheme_end != NULL ? (int)(scheme_end - *url) : 0;
		return fail_set(f, STATUS_CONFIGURATION,
			"the tracking URI is no http:// or https:// URL%s%.*s",
			size > 0 ? ": " : "", size < 20 ? size : 20, *url);
	}
	credentials->origin = http_url_origin(*url);
	int result = check_supported(f);
	if (result == 0)
		result = choose(*url, &in_url, credentials, f);
	login_release(&in_url);
	if (result != 0)
		credentials_release(credentials);
	return result;
}

void credentials_release(struct credentials *credentials)
{
	credentials_wipe(credentials->authorization);
	credentials_wipe(credentials->user);
	free(credentials->origin);
	*credentials = (struct credentials){0};
}
