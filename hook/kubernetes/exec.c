#include "kubernetes/exec.h"

#include <stdlib.h>
#include <string.h>

#include "auth/fetch.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/memory.h"
#include "base/secret.h"
#include "base/temp_dir.h"
#include "base/text.h"
#include "packaging/digest/base64.h"
#include "packaging/json/json.h"
#include "sandbox/sandbox.h"

enum {
	TIMEOUT_MS = 60000,
	PROCESSES_MAX = 256,
	LAST_WORDS = 200,
};
#define ANSWER_MAX ((size_t)256 << 10)

void kubernetes_credential_release(struct kubernetes_credential *credential)
{
	fetch_wipe(&credential->token);
	fetch_wipe(&credential->cert_pem);
	fetch_wipe(&credential->key_pem);
	*credential = (struct kubernetes_credential){0};
}

/* Its answer */

static int64_t read_expiry(const struct json_at *status)
{
	char *text = fetch_member(status, "expirationTimestamp");
	int64_t ms = 0;
	if (text != NULL && !clock_parse_rfc3339(text, &ms))
		ms = 0;
	free(text);
	return ms;
}

static int take_status(
	const struct json_at *root, struct kubernetes_credential *credential, struct fail *f)
{
	char *kind = fetch_member(root, "kind");
	bool is_one = text_equal(kind, "ExecCredential");
	struct json_at status = json_get(root, "status");
	free(kind);
	if (!is_one || !json_is_there(&status))
		return fail_set(
			f, STATUS_CONFIGURATION, "its output is no ExecCredential with a status");
	credential->token = fetch_member(&status, "token");
	credential->cert_pem = fetch_member(&status, "clientCertificateData");
	credential->key_pem = fetch_member(&status, "clientKeyData");
	credential->expires_ms = read_expiry(&status);
	secret_add(credential->token);
	secret_add(credential->key_pem);
	if ((credential->cert_pem == NULL) != (credential->key_pem == NULL))
		return fail_set(f, STATUS_CONFIGURATION,
			"its output has one of clientCertificateData and clientKeyData alone");
	if (credential->token == NULL && credential->cert_pem == NULL)
		return fail_set(f, STATUS_CONFIGURATION,
			"its output has neither a token nor a certificate");
	return 0;
}

int kubernetes_exec_read(
	const char *text, size_t size, struct kubernetes_credential *credential, struct fail *f)
{
	struct cJSON *tree;
	*credential = (struct kubernetes_credential){0};
	if (json_parse(text, size, &tree, f) != 0) {
		f->status = STATUS_CONFIGURATION;
		return fail_wrap(f, "its output");
	}
	struct json_at root = json_root(tree);
	int result = take_status(&root, credential, f);
	json_release(tree);
	if (result != 0)
		kubernetes_credential_release(credential);
	return result;
}

/* The run */

static void set_cluster(const struct kubernetes_access *access, struct cJSON *spec)
{
	struct cJSON *cluster = json_set_object(spec, "cluster");
	json_set_string(cluster, "server", access->server);
	if (access->server_name != NULL)
		json_set_string(cluster, "tls-server-name", access->server_name);
	if (access->proxy_url != NULL)
		json_set_string(cluster, "proxy-url", access->proxy_url);
	if (access->insecure)
		json_set_bool(cluster, "insecure-skip-tls-verify", true);
	if (access->ca_pem == NULL)
		return;
	char *base64 = base64_encode(access->ca_pem, strlen(access->ca_pem));
	json_set_string(cluster, "certificate-authority-data", base64);
	free(base64);
}

static char *exec_info(const struct kubernetes_access *access)
{
	struct cJSON *info = json_new_object();
	json_set_string(info, "apiVersion", access->exec.api_version);
	json_set_string(info, "kind", "ExecCredential");
	struct cJSON *spec = json_set_object(info, "spec");
	json_set_bool(spec, "interactive", false);
	if (access->exec.wants_cluster)
		set_cluster(access, spec);
	char *text = json_take_text(info);
	char *variable = text_format("KUBERNETES_EXEC_INFO=%s", text);
	free(text);
	return variable;
}

/* The list with one more at its end; borrowed from both. */
static char **with_one(char *const *list, char *one)
{
	size_t count = 0;
	while (list != NULL && list[count] != NULL)
		count++;
	char **longer = memory_get(count + 2, sizeof(*longer));
	for (size_t i = 0; i < count; i++)
		longer[i] = list[i];
	longer[count] = one;
	return longer;
}

static int judge(const struct sandboxed *done, struct fail *f)
{
	char last[LAST_WORDS + 1] = "";
	char *words = text_trimmed(text_string(&done->output), done->output.size);
	size_t size = strlen(words), from = size > LAST_WORDS ? size - LAST_WORDS : 0;
	strcpy(last, words + from);
	free(words);
	if (done->end == SANDBOX_TIMEOUT)
		return fail_set(f, STATUS_LATER, "not ended after %d s", TIMEOUT_MS / 1000);
	if (done->end == SANDBOX_EXIT && done->code == 0)
		return 0;
	fail_set(f, STATUS_DENIED, "%s %d%s%s",
		done->end == SANDBOX_EXIT ? "exit status" : "ended by signal", done->code,
		last[0] != '\0' ? ": " : "", last);
	return fail_hint(f, "a variable that the program needs is named in \"environment\"");
}

static int run(const struct kubernetes_access *access, char *const *environment, const char *home,
	struct sandboxed *done, struct fail *f)
{
	char *info = exec_info(access), own_home[] = "HOME";
	char **variables = with_one(access->exec.variables, info);
	char **named = with_one(environment, own_home);
	struct sandbox what = {
		.argv = access->exec.argv,
		.folder = access->exec.folder,
		.environment = named,
		.variables = variables,
		.home = home,
		.temporary = home,
		.timeout_ms = TIMEOUT_MS,
		.processes = PROCESSES_MAX,
		.answer = ANSWER_MAX,
	};
	int result = sandbox_run(&what, done, f);
	if (result != 0 && access->exec.install_hint != NULL)
		fail_hint(f, "%s", access->exec.install_hint);
	free(variables);
	free(named);
	free(info);
	return result;
}

int kubernetes_exec_run(const struct kubernetes_access *access, char *const *environment,
	struct kubernetes_credential *credential, struct fail *f)
{
	struct sandboxed done = {0};
	char *temporary = NULL;
	*credential = (struct kubernetes_credential){0};
	if (temp_dir_open(&temporary, f) != 0)
		return -1;
	int result = run(access, environment, temporary, &done, f);
	temp_dir_release(temporary);
	if (result == 0)
		result = judge(&done, f);
	if (result == 0)
		result = kubernetes_exec_read(
			text_string(&done.answer), done.answer.size, credential, f);
	sandboxed_release(&done);
	return result == 0 ? 0 : fail_wrap(f, "credential plugin %s", access->exec.argv[0]);
}
