#include "kubernetes/access.h"

#include <stdlib.h>
#include <string.h>

#include "auth/fetch.h"
#include "base/env.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/owned_file.h"
#include "base/secret.h"
#include "base/text.h"
#include "kubernetes/kubeconfig.h"

#define SERVICE_ACCOUNT "/var/run/secrets/kubernetes.io/serviceaccount/"
#define FILE_MAX ((size_t)1 << 20)

static void exec_release(struct kubernetes_exec *exec)
{
	env_release(exec->argv);
	env_release(exec->variables);
	free(exec->api_version);
	free(exec->install_hint);
	free(exec->folder);
}

void kubernetes_access_release(struct kubernetes_access *access)
{
	char **plain[] = {&access->from, &access->server, &access->namespace, &access->ca_file,
		&access->ca_pem, &access->server_name, &access->client_cert_file,
		&access->client_cert_pem, &access->client_key_file, &access->token_file,
		&access->username, &access->as, &access->as_uid};
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		free(*plain[i]);
	fetch_wipe(&access->proxy_url);
	fetch_wipe(&access->client_key_pem);
	fetch_wipe(&access->token);
	fetch_wipe(&access->password);
	env_release(access->as_groups);
	exec_release(&access->exec);
	*access = (struct kubernetes_access){0};
}

static int read_text(const char *path, char **out, struct fail *f)
{
	struct text text = {0};
	if (file_read(path, FILE_MAX, &text, f) != 0) {
		text_release(&text);
		return -1;
	}
	*out = text_take(&text);
	return 0;
}

/* What a file holds into *out, where there is a file. */
static int load(const char *path, char **out, struct fail *f)
{
	return path != NULL ? read_text(path, out, f) : 0;
}

static int load_files(struct kubernetes_access *access, struct fail *f)
{
	if (load(access->ca_file, &access->ca_pem, f) != 0 ||
		load(access->client_cert_file, &access->client_cert_pem, f) != 0)
		return -1;
	return load(access->client_key_file, &access->client_key_pem, f);
}

/* A kubeconfig names the server that gets the token, and a program that is run. */
static int add_file(struct kubeconfig *config, const char *path, struct fail *f)
{
	struct text text = {0};
	int result = owned_file_read(path, FILE_MAX, &text, f);
	if (result == 0)
		result = kubeconfig_add(config, path, text_string(&text), text.size, f);
	if (text.data != NULL)
		explicit_bzero(text.data, text.size);
	text_release(&text);
	return result;
}

/* Files of a list that are not there are passed over, as kubectl does; not all of them. */
static int add_files(struct kubeconfig *config, const char *paths, struct fail *f)
{
	const char *rest = paths;
	while (*rest != '\0') {
		size_t size = strcspn(rest, ":");
		char *path = text_format("%.*s", (int)size, rest);
		int result = 0;
		if (size > 0 && file_is_named(path))
			result = add_file(config, path, f);
		free(path);
		if (result != 0)
			return -1;
		rest += size;
		rest += *rest == ':';
	}
	if (config->count == 0)
		return fail_set(f, STATUS_MISSING, "kubeconfig %s: no such file", paths);
	return 0;
}

static int from_files(const char *paths, const struct kubernetes_options *options,
	struct kubernetes_access *access, struct fail *f)
{
	struct kubeconfig config = {0};
	int result = add_files(&config, paths, f);
	access->from = text_format("kubeconfig %s", paths);
	if (result == 0 && kubeconfig_choose(&config, options->context, access, f) != 0)
		result = fail_wrap(f, "%s", access->from);
	kubeconfig_release(&config);
	if (result != 0)
		return -1;
	if (load_files(access, f) != 0)
		return fail_wrap(f, "%s", access->from);
	return 0;
}

static char *service_namespace(void)
{
	struct text text = {0};
	struct fail ignored;
	const char *variable = env_get(ENV_POD_NAMESPACE);
	if (variable != NULL)
		return text_copy(variable);
	char *own = file_read(SERVICE_ACCOUNT "namespace", FILE_MAX, &text, &ignored) == 0
			    ? text_trimmed(text_string(&text), text.size)
			    : NULL;
	text_release(&text);
	return own;
}

static int from_service_account(struct kubernetes_access *access, struct fail *f)
{
	const char *host = env_get(ENV_KUBERNETES_SERVICE_HOST);
	const char *port = env_get(ENV_KUBERNETES_SERVICE_PORT);
	bool is_ipv6 = strchr(host, ':') != NULL;
	access->from = text_copy("the service account of this pod");
	access->server = text_format("https://%s%s%s:%s", is_ipv6 ? "[" : "", host,
		is_ipv6 ? "]" : "", port != NULL ? port : "443");
	access->token_file = text_copy(SERVICE_ACCOUNT "token");
	access->namespace = service_namespace();
	return read_text(SERVICE_ACCOUNT "ca.crt", &access->ca_pem, f);
}

static int find(
	const struct kubernetes_options *options, struct kubernetes_access *access, struct fail *f)
{
	const char *variable = env_get(ENV_KUBECONFIG), *home = env_home();
	if (options->kubeconfig != NULL || variable != NULL)
		return from_files(options->kubeconfig != NULL ? options->kubeconfig : variable,
			options, access, f);
	char *own = home != NULL ? file_join(home, ".kube/config") : NULL;
	bool is_there = own != NULL && file_is_named(own);
	int result = is_there ? from_files(own, options, access, f) : 0;
	free(own);
	if (is_there)
		return result;
	if (env_get(ENV_KUBERNETES_SERVICE_HOST) != NULL && file_is_named(SERVICE_ACCOUNT "token"))
		return from_service_account(access, f);
	fail_set(f, STATUS_CONFIGURATION,
		"no credentials for Kubernetes: no KUBECONFIG, no "
		"~/.kube/config, no service account of a pod");
	return fail_hint(
		f, "name the file with \"kubeconfig\", or set automountServiceAccountToken");
}

int kubernetes_access_find(
	const struct kubernetes_options *options, struct kubernetes_access *access, struct fail *f)
{
	if (find(options, access, f) != 0)
		return -1;
	if (options->namespace != NULL) {
		free(access->namespace);
		access->namespace = text_copy(options->namespace);
	}
	if (access->namespace == NULL)
		access->namespace = text_copy("default");
	secret_add(access->client_key_pem);
	return 0;
}
