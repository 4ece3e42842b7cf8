#include "mlflow/credentials.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/console.h"
#include "base/env.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/secret.h"
#include "base/text.h"
#include "http/url.h"
#include "mlflow/aws_signer.h"
#include "mlflow/credentials_file.h"
#include "mlflow/header_file.h"

#define FILE_MAX (128 << 10)
#define SERVICE_ACCOUNT "/var/run/secrets/kubernetes.io/serviceaccount"

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

/* Whether ~/.mlflow/credentials and .netrc count: a caller that was given credentials of its own,
 * or none, for one server can say that what lies on this machine is not meant for it. */
static bool files_count(void)
{
	const char *value = env_get("MODELHOOK_CREDENTIALS_FILES");
	return value == NULL || env_is_true("MODELHOOK_CREDENTIALS_FILES");
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
	if (!files_count()) {
		found = false;
	} else if (env_get("NETRC") != NULL) {
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
	if (env_home() == NULL || !files_count())
		return 0;
	char *path = file_join(env_home(), ".mlflow/credentials");
	struct text text = {0};
	int result = 0;
	if (file_is_there(path)) {
		result = file_read(path, FILE_MAX, &text, f);
		if (result == 0)
			result = credentials_parse_ini(text_string(&text), text.size, login, f);
		if (result != 0 && !text_starts_with(f->text, path))
			fail_wrap(f, "%s", path);
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

/* A line break in a header would be a header of somebody's choice. */
static int check_printable(const char *what, const char *value, struct fail *f)
{
	for (const char *c = value; c != NULL && *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return fail_set(f, STATUS_CONFIGURATION,
				"%s holds a line break or another control character", what);
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
	return check_printable("MLFLOW_TRACKING_TOKEN", credentials->authorization, f);
}

/* What a small file of the service account says, without the white space around it. */
static int read_account_file(const char *path, const char *what, char **value, struct fail *f)
{
	struct text text = {0};
	int result = file_read(path, FILE_MAX, &text, f);
	*value = result == 0 ? text_trimmed(text_string(&text), text.size) : NULL;
	wipe_text(&text);
	if (result == 0 && (*value)[0] == '\0')
		result = fail_set(f, STATUS_CONFIGURATION, "%s: empty", path);
	if (result == 0)
		result = check_printable(path, *value, f);
	if (result == 0)
		return 0;
	credentials_wipe(*value);
	*value = NULL;
	f->status = STATUS_CONFIGURATION;
	fail_wrap(f, "%s of the Kubernetes service account", what);
	return fail_hint(f, "MLFLOW_TRACKING_AUTH=kubernetes is for a pod with a service account; "
			    "elsewhere set MLFLOW_TRACKING_TOKEN, or MODELHOOK_SERVICE_ACCOUNT to "
			    "the directory of the token");
}

static int read_namespace(const struct credentials_options *options, const char *folder,
	struct credentials *credentials, struct fail *f)
{
	if (options->has_workspace)
		return 0;
	char *path = file_join(folder, "namespace");
	int result = read_account_file(path, "namespace", &credentials->workspace, f);
	free(path);
	return result;
}

/* Read once here, so that a token that is missing is known before anything is sent. */
static int read_service_account(const struct credentials_options *options, bool namespaced,
	struct credentials *credentials, struct fail *f)
{
	const char *folder = options->service_account, *token = env_get("MLFLOW_TRACKING_TOKEN");
	char *now = NULL;
	if (folder == NULL)
		folder = SERVICE_ACCOUNT;
	if (namespaced && read_namespace(options, folder, credentials, f) != 0)
		return -1;
	if (token != NULL) {
		credentials->kind = "token";
		credentials->authorization = text_format("Bearer %s", token);
		return check_printable("MLFLOW_TRACKING_TOKEN", token, f);
	}
	credentials->kind = "Kubernetes service account";
	credentials->token_file = file_join(folder, "token");
	int result = read_account_file(credentials->token_file, "token", &now, f);
	credentials_wipe(now);
	return result;
}

static int refuse_plugin(const char *name, struct fail *f)
{
	char shown[60];
	fail_set(f, STATUS_CONFIGURATION,
		"MLFLOW_TRACKING_AUTH is \"%s\": authentication plugins are Python and cannot be "
		"run",
		text_escape(shown, sizeof(shown), name, strlen(name)));
	return fail_hint(f, "kubernetes and kubernetes-namespaced are built in; the headers of "
			    "another plugin can be given in MODELHOOK_HEADER_FILE");
}

/* MLflow's client lets a signature go before a plugin, and both before any password. */
static int choose_kind(const char *url, const struct credentials_options *options,
	struct login *in_url, struct credentials *credentials, struct fail *f)
{
	const char *plugin = env_get("MLFLOW_TRACKING_AUTH");
	if (options->sagemaker != NULL || env_is_true("MLFLOW_TRACKING_AWS_SIGV4")) {
		credentials->kind = "AWS signature";
		return aws_signer_open(url, options->sagemaker, &credentials->signer, f);
	}
	if (plugin == NULL)
		return choose(url, in_url, credentials, f);
	if (strcmp(plugin, "kubernetes") == 0)
		return read_service_account(options, false, credentials, f);
	if (strcmp(plugin, "kubernetes-namespaced") == 0)
		return read_service_account(options, true, credentials, f);
	return refuse_plugin(plugin, f);
}

static bool has_authorization(const struct credentials *credentials)
{
	return credentials->authorization != NULL || credentials->token_file != NULL ||
	       credentials->signer != NULL;
}

static int read_header_file(const char *path, struct credentials *credentials, struct fail *f)
{
	struct http_lines lines = {0};
	if (path == NULL)
		return 0;
	credentials->header_file = text_copy(path);
	if (!has_authorization(credentials))
		credentials->kind = "header file";
	int result = header_file_read(path, has_authorization(credentials), &lines, f);
	http_lines_release(&lines);
	return result;
}

int credentials_read(char **url, const struct credentials_options *options,
	struct credentials *credentials, struct fail *f)
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
	int result = choose_kind(*url, options, &in_url, credentials, f);
	if (result == 0)
		result = read_header_file(options->header_file, credentials, f);
	login_release(&in_url);
	if (result != 0)
		credentials_release(credentials);
	return result;
}

bool credentials_are_there(const struct credentials *credentials)
{
	return has_authorization(credentials) || credentials->header_file != NULL;
}

static int add_authorization(
	const struct credentials *credentials, struct http_lines *lines, struct fail *f)
{
	char *token = NULL;
	if (credentials->authorization != NULL)
		http_lines_add(lines, text_format("Authorization: %s", credentials->authorization));
	if (credentials->token_file == NULL)
		return 0;
	if (read_account_file(credentials->token_file, "token", &token, f) != 0)
		return -1;
	http_lines_add(lines, text_format("Authorization: Bearer %s", token));
	credentials_wipe(token);
	return 0;
}

/* Tokens in files are renewed while a long training ends: they are read anew for each request. */
static int make_lines(const void *context, struct http *http, const struct http_request *request,
	const char *url, struct http_lines *lines, struct fail *f)
{
	const struct credentials *credentials = context;
	const char *file = credentials->header_file;
	bool has_login = has_authorization(credentials);
	if (file != NULL && header_file_read(file, has_login, lines, f) != 0)
		return -1;
	if (add_authorization(credentials, lines, f) != 0)
		return -1;
	if (credentials->signer == NULL)
		return 0;
	return aws_signer_sign(credentials->signer, http, request, url, lines, f);
}

struct http_login credentials_login(const struct credentials *credentials)
{
	return (struct http_login){credentials->origin, credentials, make_lines};
}

void credentials_release(struct credentials *credentials)
{
	credentials_wipe(credentials->authorization);
	credentials_wipe(credentials->user);
	aws_signer_release(credentials->signer);
	free(credentials->origin);
	free(credentials->token_file);
	free(credentials->workspace);
	free(credentials->header_file);
	*credentials = (struct credentials){0};
}
