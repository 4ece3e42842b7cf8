#include "kubernetes/kubeconfig.h"

#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/secret.h"
#include "base/text.h"
#include "packaging/digest/base64.h"
#include "packaging/json/json.h"
#include "packaging/yaml/yaml.h"

int kubeconfig_add(
	struct kubeconfig *config, const char *path, const char *text, size_t size, struct fail *f)
{
	struct cJSON *tree;
	if (yaml_parse(text, size, &tree, f) != 0)
		return fail_wrap(f, "kubeconfig %s", path);
	struct json_at root = json_root(tree);
	if (!json_is_null(&root) && json_object(&root, f) != 0) {
		json_release(tree);
		return fail_wrap(f, "kubeconfig %s", path);
	}
	config->files = memory_grow(config->files, config->count + 1, sizeof(*config->files));
	config->files[config->count++] = (struct kubeconfig_file){
		.path = text_copy(path), .folder = file_folder(path), .tree = tree};
	return 0;
}

void kubeconfig_release(struct kubeconfig *config)
{
	for (size_t i = 0; i < config->count; i++) {
		free(config->files[i].path);
		free(config->files[i].folder);
		json_release(config->files[i].tree);
	}
	free(config->files);
	*config = (struct kubeconfig){0};
}

/* Values. One that is null is not there, as in Go. */

static bool is_set(const struct json_at *at)
{
	return json_is_there(at) && !json_is_null(at);
}

static int take_string(const struct json_at *object, const char *key, char **out, struct fail *f)
{
	struct json_at at = json_get(object, key);
	if (!is_set(&at))
		return 0;
	if (json_string(&at, out, f) != 0)
		return -1;
	if ((*out)[0] == '\0') { /* as if it were not there */
		free(*out);
		*out = NULL;
	}
	return 0;
}

static int take_flag(const struct json_at *object, const char *key, bool *flag, struct fail *f)
{
	struct json_at at = json_get(object, key);
	return is_set(&at) ? json_bool(&at, flag, f) : 0;
}

static int take_path(const struct json_at *object, const char *key, const char *folder, char **out,
	struct fail *f)
{
	char *path = NULL;
	if (take_string(object, key, &path, f) != 0)
		return -1;
	if (path != NULL)
		*out = file_join(folder, path);
	free(path);
	return 0;
}

/* Base64, in lines or not, to the text it holds; NULL: it is none. */
static char *decode_text(const char *base64)
{
	struct text packed = {0};
	for (const char *c = base64; *c != '\0'; c++)
		if (strchr(" \r\n\t", *c) == NULL)
			text_add(&packed, c, 1);
	size_t padding = 0;
	while (padding < 2 && padding < packed.size &&
		packed.data[packed.size - 1 - padding] == '=')
		padding++;
	char *decoded = memory_get(packed.size / 4 * 3 + 1, 1);
	bool fine = packed.size > 0 && packed.size % 4 == 0 &&
		    base64_decode(packed.data, (uint8_t *)decoded);
	if (fine) {
		size_t size = packed.size / 4 * 3 - padding;
		decoded[size] = '\0';
		fine = strlen(decoded) == size;
	}
	if (packed.data != NULL)
		explicit_bzero(packed.data, packed.size);
	text_release(&packed);
	if (fine)
		return decoded;
	free(decoded);
	return NULL;
}

static int take_data(const struct json_at *object, const char *key, char **out, struct fail *f)
{
	struct json_at at = json_get(object, key);
	char *base64 = NULL;
	if (take_string(object, key, &base64, f) != 0)
		return -1;
	if (base64 == NULL)
		return 0;
	*out = decode_text(base64);
	explicit_bzero(base64, strlen(base64));
	free(base64);
	return *out != NULL ? 0 : json_fail(&at, f, "is no text in base64");
}

/* KEY-data, else KEY, the path of a file. */
static int take_data_or_path(const struct json_at *object, const char *key, const char *folder,
	char **data, char **path, struct fail *f)
{
	char *data_key = text_format("%s-data", key);
	int result = take_data(object, data_key, data, f);
	if (result == 0 && *data == NULL)
		result = take_path(object, key, folder, path, f);
	free(data_key);
	return result;
}

static int take_list(const struct json_at *object, const char *key, char ***out, struct fail *f)
{
	struct json_at list = json_get(object, key);
	size_t count = 0;
	if (!is_set(&list))
		return 0;
	if (json_array(&list, f) != 0)
		return -1;
	*out = memory_get(json_count(&list) + 1, sizeof(**out));
	for (struct json_at at = json_first(&list); json_is_there(&at); at = json_next(&at))
		if (json_string(&at, &(*out)[count++], f) != 0)
			return -1;
	return 0;
}

/* Entries. */

/* struct entry - the value of a named entry, and the way to it, which it points into */
struct entry {
	struct json_at root;
	struct json_at list;
	struct json_at item;
	struct json_at value;
	const char *folder;
};

static bool has_name(const struct json_at *item, const char *name)
{
	struct json_at at = json_get(item, "name");
	struct fail ignored;
	char *own = NULL;
	bool has = json_is_there(&at) && json_string(&at, &own, &ignored) == 0 &&
		   strcmp(own, name) == 0;
	free(own);
	return has;
}

static bool find_in_file(const struct kubeconfig_file *file, const char *list, const char *kind,
	const char *name, struct entry *entry)
{
	entry->root = json_root(file->tree);
	entry->list = json_get(&entry->root, list);
	entry->folder = file->folder;
	if (!json_is_there(&entry->list))
		return false;
	for (entry->item = json_first(&entry->list); json_is_there(&entry->item);
		entry->item = json_next(&entry->item)) {
		if (!has_name(&entry->item, name))
			continue;
		entry->value = json_get(&entry->item, kind);
		return true;
	}
	return false;
}

static int find_entry(const struct kubeconfig *config, const char *list, const char *kind,
	const char *name, struct entry *entry, struct fail *f)
{
	for (size_t i = 0; i < config->count; i++) {
		if (!find_in_file(&config->files[i], list, kind, name, entry))
			continue;
		if (json_object(&entry->value, f) == 0)
			return 0;
		return fail_wrap(f, "kubeconfig %s", config->files[i].path);
	}
	return fail_set(f, STATUS_CONFIGURATION, "the kubeconfig has no %s \"%s\"", kind, name);
}

static int current_context(const struct kubeconfig *config, char **name, struct fail *f)
{
	for (size_t i = 0; i < config->count && *name == NULL; i++) {
		struct json_at root = json_root(config->files[i].tree);
		if (take_string(&root, "current-context", name, f) != 0)
			return fail_wrap(f, "kubeconfig %s", config->files[i].path);
	}
	if (*name != NULL)
		return 0;
	fail_set(f, STATUS_CONFIGURATION, "the kubeconfig has no current-context");
	return fail_hint(f, "name one with \"context\", or run kubectl config use-context NAME");
}

static void cut_slashes(char *url)
{
	for (size_t size = strlen(url); size > 0 && url[size - 1] == '/';)
		url[--size] = '\0';
}

static int take_cluster(const struct entry *entry, struct kubernetes_access *access, struct fail *f)
{
	const struct json_at *cluster = &entry->value;
	if (take_string(cluster, "server", &access->server, f) != 0 ||
		take_string(cluster, "tls-server-name", &access->server_name, f) != 0 ||
		take_string(cluster, "proxy-url", &access->proxy_url, f) != 0 ||
		take_flag(cluster, "insecure-skip-tls-verify", &access->insecure, f) != 0)
		return -1;
	secret_add_url(access->proxy_url != NULL ? access->proxy_url : "");
	if (access->server == NULL)
		return json_fail(cluster, f, "has no server");
	cut_slashes(access->server);
	if (take_data_or_path(cluster, "certificate-authority", entry->folder, &access->ca_pem,
		    &access->ca_file, f) != 0)
		return -1;
	if (access->insecure && (access->ca_pem != NULL || access->ca_file != NULL))
		return json_fail(cluster, f,
			"has both a certificate-authority and insecure-skip-tls-verify");
	return 0;
}

/* One "NAME=value" of the list env. */
static int take_variable(const struct json_at *at, char **variable, struct fail *f)
{
	struct json_at name_at = json_get(at, "name"), value_at = json_get(at, "value");
	char *name = NULL, *value = NULL;
	int result = json_string(&name_at, &name, f);
	if (result == 0)
		result = json_string(&value_at, &value, f);
	if (result == 0)
		*variable = text_format("%s=%s", name, value);
	if (result == 0)
		secret_add_named(name, value);
	free(name);
	free(value);
	return result;
}

static int take_variables(const struct json_at *object, char ***out, struct fail *f)
{
	struct json_at list = json_get(object, "env");
	size_t count = 0;
	if (!is_set(&list))
		return 0;
	if (json_array(&list, f) != 0)
		return -1;
	*out = memory_get(json_count(&list) + 1, sizeof(**out));
	for (struct json_at at = json_first(&list); json_is_there(&at); at = json_next(&at))
		if (take_variable(&at, &(*out)[count++], f) != 0)
			return -1;
	return 0;
}

/* A command with a slash is below the folder of the kubeconfig, one without is found by PATH. */
static char **with_command(char *command, char **arguments, const char *folder)
{
	size_t count = 0;
	while (arguments != NULL && arguments[count] != NULL)
		count++;
	char **argv = memory_get(count + 2, sizeof(*argv));
	if (text_starts_with(command, "./"))
		argv[0] = file_join(folder, command + 2);
	else
		argv[0] = strchr(command, '/') != NULL ? file_join(folder, command)
						       : text_copy(command);
	for (size_t i = 0; i < count; i++)
		argv[i + 1] = arguments[i];
	free(arguments);
	return argv;
}

static int check_exec(const struct json_at *at, const struct kubernetes_exec *exec,
	const char *mode, struct fail *f)
{
	static const char group[] = "client.authentication.k8s.io/";
	const char *version = exec->api_version != NULL ? exec->api_version : "";
	if (!text_equal(version, "client.authentication.k8s.io/v1") &&
		!text_equal(version, "client.authentication.k8s.io/v1beta1"))
		return json_fail(
			at, f, "has apiVersion \"%s\": %sv1 and v1beta1 are known", version, group);
	if (text_equal(mode, "Always"))
		return json_fail(at, f, "has interactiveMode Always: here is no terminal");
	return 0;
}

static int take_exec(const struct json_at *user, const char *folder, struct kubernetes_exec *exec,
	struct fail *f)
{
	struct json_at at = json_get(user, "exec");
	char *command = NULL, *mode = NULL, **arguments = NULL;
	if (!is_set(&at))
		return 0;
	if (json_object(&at, f) != 0)
		return -1;
	int result = take_string(&at, "command", &command, f);
	if (result == 0 && command == NULL)
		result = json_fail(&at, f, "has no command");
	if (result == 0)
		result = take_list(&at, "args", &arguments, f);
	if (result == 0)
		exec->argv = with_command(command, arguments, folder);
	else
		env_release(arguments);
	free(command);
	if (result != 0 || take_string(&at, "apiVersion", &exec->api_version, f) != 0 ||
		take_string(&at, "installHint", &exec->install_hint, f) != 0 ||
		take_flag(&at, "provideClusterInfo", &exec->wants_cluster, f) != 0 ||
		take_variables(&at, &exec->variables, f) != 0 ||
		take_string(&at, "interactiveMode", &mode, f) != 0)
		return -1;
	exec->folder = text_copy(folder);
	result = check_exec(&at, exec, mode, f);
	free(mode);
	return result;
}

static int refuse_keys(const struct json_at *user, struct fail *f)
{
	static const char *const refused[] = {"auth-provider", "as-user-extra"};
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct json_at at = json_get(user, refused[i]);
		if (is_set(&at))
			return json_fail(&at, f, "is not supported");
	}
	return 0;
}

static int take_user(const struct entry *entry, struct kubernetes_access *access, struct fail *f)
{
	const struct json_at *user = &entry->value;
	const char *folder = entry->folder;
	if (refuse_keys(user, f) != 0 ||
		take_data_or_path(user, "client-certificate", folder, &access->client_cert_pem,
			&access->client_cert_file, f) != 0 ||
		take_data_or_path(user, "client-key", folder, &access->client_key_pem,
			&access->client_key_file, f) != 0 ||
		take_string(user, "token", &access->token, f) != 0 ||
		take_path(user, "tokenFile", folder, &access->token_file, f) != 0 ||
		take_string(user, "username", &access->username, f) != 0 ||
		take_string(user, "password", &access->password, f) != 0 ||
		take_string(user, "as", &access->as, f) != 0 ||
		take_string(user, "as-uid", &access->as_uid, f) != 0 ||
		take_list(user, "as-groups", &access->as_groups, f) != 0)
		return -1;
	secret_add(access->token);
	secret_add(access->password);
	bool has_cert = access->client_cert_pem != NULL || access->client_cert_file != NULL;
	bool has_key = access->client_key_pem != NULL || access->client_key_file != NULL;
	if (has_cert != has_key)
		return json_fail(user, f, "has one of client-certificate and client-key alone");
	return take_exec(user, folder, &access->exec, f);
}

struct names {
	char *context;
	char *cluster;
	char *user;
};

static int read_context(const struct kubeconfig *config, struct names *names,
	struct kubernetes_access *access, struct fail *f)
{
	struct entry entry;
	if (find_entry(config, "contexts", "context", names->context, &entry, f) != 0 ||
		take_string(&entry.value, "cluster", &names->cluster, f) != 0 ||
		take_string(&entry.value, "user", &names->user, f) != 0 ||
		take_string(&entry.value, "namespace", &access->namespace, f) != 0)
		return -1;
	return names->cluster != NULL ? 0 : json_fail(&entry.value, f, "has no cluster");
}

static int read_names(const struct kubeconfig *config, const struct names *names,
	struct kubernetes_access *access, struct fail *f)
{
	struct entry entry;
	if (find_entry(config, "clusters", "cluster", names->cluster, &entry, f) != 0 ||
		take_cluster(&entry, access, f) != 0)
		return -1;
	if (names->user == NULL)
		return 0;
	if (find_entry(config, "users", "user", names->user, &entry, f) != 0)
		return -1;
	return take_user(&entry, access, f);
}

int kubeconfig_choose(const struct kubeconfig *config, const char *context,
	struct kubernetes_access *access, struct fail *f)
{
	struct names names = {.context = text_copy(context)};
	int result = names.context != NULL ? 0 : current_context(config, &names.context, f);
	if (result == 0)
		result = read_context(config, &names, access, f);
	if (result == 0)
		result = read_names(config, &names, access, f);
	free(names.context);
	free(names.cluster);
	free(names.user);
	return result;
}
