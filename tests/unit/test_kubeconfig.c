#include "unit.h"

#include "base/text.h"
#include "kubernetes/access.h"
#include "kubernetes/client.h"
#include "kubernetes/exec.h"
#include "kubernetes/kubeconfig.h"

/* One cluster, user and context, all named "a", with more lines of each. */
#define CONFIG(cluster, user)                                                                      \
	"apiVersion: v1\nkind: Config\ncurrent-context: a\n"                                       \
	"contexts: [{name: a, context: {cluster: a, user: a, namespace: fish}}]\n"                 \
	"clusters:\n- name: a\n  cluster:\n    server: https://host:6443/\n" cluster               \
	"users:\n- name: a\n  user:\n    as-uid: ''\n" user

static struct kubernetes_access access_a;
static struct kubeconfig config;

static int set_up(void **state)
{
	(void)state;
	access_a = (struct kubernetes_access){0};
	config = (struct kubeconfig){0};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	kubernetes_access_release(&access_a);
	kubeconfig_release(&config);
	return 0;
}

static void add(const char *path, const char *text)
{
	struct fail f;
	assert_int_equal(kubeconfig_add(&config, path, text, strlen(text), &f), 0);
}

static int choose(const char *text, struct fail *f)
{
	tear_down(NULL);
	add("/etc/kube/config", text);
	return kubeconfig_choose(&config, NULL, &access_a, f);
}

static void the_current_context_names_cluster_user_and_namespace(void **state)
{
	struct fail f;
	(void)state;
	assert_int_equal(choose(CONFIG("", "    token: t0ken-of-a\n"), &f), 0);
	assert_string_equal(access_a.server, "https://host:6443");
	assert_string_equal(access_a.token, "t0ken-of-a");
	assert_string_equal(access_a.namespace, "fish");
	assert_false(access_a.insecure);
	assert_null(access_a.as_uid);
}

static void data_comes_before_the_file_and_paths_are_below_the_kubeconfig(void **state)
{
	struct fail f;
	(void)state;
	assert_int_equal(choose(CONFIG("    certificate-authority: ca.crt\n"
				       "    certificate-authority-data: UEVN\n"
				       "    tls-server-name: kube\n    proxy-url: http://proxy\n",
					"    client-certificate: /abs/c.crt\n"
					"    client-key: c.key\n    tokenFile: token\n"),
				 &f),
		0);
	assert_string_equal(access_a.ca_pem, "PEM");
	assert_null(access_a.ca_file);
	assert_string_equal(access_a.server_name, "kube");
	assert_string_equal(access_a.proxy_url, "http://proxy");
	assert_string_equal(access_a.client_cert_file, "/abs/c.crt");
	assert_string_equal(access_a.client_key_file, "/etc/kube/c.key");
	assert_string_equal(access_a.token_file, "/etc/kube/token");
}

static void of_several_files_the_first_that_has_a_name_gives_all_of_it(void **state)
{
	struct fail f;
	(void)state;
	add("/one/config", "users: [{name: a, user: {token: first-token}}]\n");
	add("/two/config", CONFIG("", "    token: second-token\n    tokenFile: second-file\n"));
	assert_int_equal(kubeconfig_choose(&config, NULL, &access_a, &f), 0);
	assert_string_equal(access_a.token, "first-token");
	assert_null(access_a.token_file);
}

static void a_context_can_be_named(void **state)
{
	struct fail f;
	(void)state;
	add("/one/config", CONFIG("", ""));
	add("/two/config", "current-context: a\ncontexts: [{name: b, context: {cluster: b}}]\n"
			   "clusters: [{name: b, cluster: {server: 'http://127.0.0.1:8001'}}]\n");
	assert_int_equal(kubeconfig_choose(&config, "b", &access_a, &f), 0);
	assert_string_equal(access_a.server, "http://127.0.0.1:8001");
	assert_null(access_a.namespace);
}

static void a_plugin_is_read_with_its_arguments_and_variables(void **state)
{
	struct fail f;
	(void)state;
	assert_int_equal(
		choose(CONFIG("", "    exec:\n      apiVersion: client.authentication.k8s.io/v1\n"
				  "      command: bin/get-token\n      args: [--cluster, fish]\n"
				  "      env: [{name: REGION, value: eu}]\n"
				  "      provideClusterInfo: true\n"),
			&f),
		0);
	assert_string_equal(access_a.exec.argv[0], "/etc/kube/bin/get-token");
	assert_string_equal(access_a.exec.argv[2], "fish");
	assert_null(access_a.exec.argv[3]);
	assert_string_equal(access_a.exec.variables[0], "REGION=eu");
	assert_true(access_a.exec.wants_cluster);
}

static void what_is_wrong_is_named(void **state)
{
	static const struct {
		const char *config, *text;
		enum status status;
	} rows[] = {
		{"", "has no current-context", STATUS_CONFIGURATION},
		{"current-context: x\n", "no context \"x\"", STATUS_CONFIGURATION},
		{"current-context: a\ncontexts: [{name: a, context: {cluster: x}}]\n",
			"no cluster \"x\"", STATUS_CONFIGURATION},
		{"current-context: a\ncontexts: [{name: a, context: {user: x}}]\n",
			"has no cluster", STATUS_UNACCEPTABLE},
		{"current-context: a\ncontexts: [{name: a, context: {cluster: a}}]\n"
		 "clusters: [{name: a, cluster: {}}]\n",
			"clusters[0].cluster: has no server", STATUS_UNACCEPTABLE},
		{CONFIG("    certificate-authority-data: '!'\n", ""),
			"certificate-authority-data: is no text in base64", STATUS_UNACCEPTABLE},
		{CONFIG("    certificate-authority-data: UEVN\n"
			"    insecure-skip-tls-verify: true\n",
			 ""),
			"both a certificate-authority and insecure-skip-tls-verify",
			STATUS_UNACCEPTABLE},
		{CONFIG("    insecure-skip-tls-verify: 'true'\n", ""),
			"insecure-skip-tls-verify: not", STATUS_UNACCEPTABLE},
		{CONFIG("", "    client-key-data: UEVN\n"), "client-key alone",
			STATUS_UNACCEPTABLE},
		{CONFIG("", "    token: [a]\n"), "user.token: not a string", STATUS_UNACCEPTABLE},
		{CONFIG("", "    auth-provider: {name: gcp}\n"),
			"user.auth-provider: is not supported", STATUS_UNACCEPTABLE},
		{CONFIG("", "    exec: {command: x, apiVersion: "
			    "client.authentication.k8s.io/v1alpha1}\n"),
			"v1 and v1beta1 are known", STATUS_UNACCEPTABLE},
		{CONFIG("", "    exec: {command: x, apiVersion: client.authentication.k8s.io/v1,"
			    " interactiveMode: Always}\n"),
			"here is no terminal", STATUS_UNACCEPTABLE},
		{CONFIG("", "    exec: {apiVersion: client.authentication.k8s.io/v1}\n"),
			"has no command", STATUS_UNACCEPTABLE},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fail f = {0};
		assert_row(choose(rows[i].config, &f) == -1, rows[i].text);
		assert_contains(f.text, rows[i].text);
		assert_int_equal(f.status, rows[i].status);
	}
}

static void an_exec_credential_has_a_token_or_a_certificate_with_its_key(void **state)
{
	static const struct {
		const char *json, *token, *cert, *wrong;
		int64_t expires_ms;
	} rows[] = {
		{"{\"kind\":\"ExecCredential\",\"status\":{\"token\":\"tt-tt-tt\"}}", "tt-tt-tt",
			NULL, NULL, 0},
		{"{\"kind\":\"ExecCredential\",\"status\":{\"token\":\"tt-tt-tt\","
		 "\"expirationTimestamp\":\"1970-01-01T00:00:02Z\"}}",
			"tt-tt-tt", NULL, NULL, 2000},
		{"{\"kind\":\"ExecCredential\",\"status\":{\"clientCertificateData\":\"C\","
		 "\"clientKeyData\":\"the-key\"}}",
			NULL, "C", NULL, 0},
		{"{\"kind\":\"ExecCredential\",\"status\":{\"clientKeyData\":\"the-key\"}}", NULL,
			NULL, "alone", 0},
		{"{\"kind\":\"ExecCredential\",\"status\":{}}", NULL, NULL, "neither", 0},
		{"{\"kind\":\"ExecCredential\"}", NULL, NULL, "no ExecCredential", 0},
		{"{\"kind\":\"Status\",\"status\":{}}", NULL, NULL, "no ExecCredential", 0},
		{"not logged in", NULL, NULL, "its output", 0},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct kubernetes_credential credential;
		struct fail f = {0};
		int result =
			kubernetes_exec_read(rows[i].json, strlen(rows[i].json), &credential, &f);
		assert_row((result == 0) == (rows[i].wrong == NULL), rows[i].json);
		assert_row(text_equal(credential.token, rows[i].token), rows[i].json);
		assert_row(text_equal(credential.cert_pem, rows[i].cert), rows[i].json);
		assert_row(credential.expires_ms == rows[i].expires_ms, rows[i].json);
		if (result != 0)
			assert_contains(f.text, rows[i].wrong);
		kubernetes_credential_release(&credential);
	}
}

static void a_refusal_is_told_in_the_words_of_the_server(void **state)
{
	static const char status[] = "{\"kind\":\"Status\",\"message\":\"it is forbidden\"}";
	static const char page[] = "404 page not found\n";
	char *message;
	(void)state;
	message = kubernetes_message(status, strlen(status));
	assert_string_equal(message, "it is forbidden");
	free(message);
	message = kubernetes_message(page, strlen(page));
	assert_string_equal(message, "404 page not found");
	free(message);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_current_context_names_cluster_user_and_namespace),
		TEST(data_comes_before_the_file_and_paths_are_below_the_kubeconfig),
		TEST(of_several_files_the_first_that_has_a_name_gives_all_of_it),
		TEST(a_context_can_be_named),
		TEST(a_plugin_is_read_with_its_arguments_and_variables),
		TEST(what_is_wrong_is_named),
		TEST(an_exec_credential_has_a_token_or_a_certificate_with_its_key),
		TEST(a_refusal_is_told_in_the_words_of_the_server),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
