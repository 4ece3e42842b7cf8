/* Tests of who we say we are: the order of the sources, and the files as Python reads them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/console.h"
#include "base/fail.h"
#include "base/text.h"
#include "http/http.h"
#include "http/login.h"
#include "http/types.h"
#include "mlflow/credentials.h"
#include "mlflow/credentials_file.h"

static char home[64];
static struct credentials credentials;
static struct credentials_options options;
static struct fail f;

static const char *const variables[] = {"MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD",
	"MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_AWS_SIGV4", "MLFLOW_TRACKING_AUTH", "NETRC"};

static char *in_home(const char *name)
{
	return text_format("%s/%s", home, name);
}

static void write_file(const char *name, const char *content)
{
	char *path = in_home(name);
	FILE *out = fopen(path, "w");
	assert_non_null(out);
	fputs(content, out);
	fclose(out);
	free(path);
}

static int set_up(void **state)
{
	(void)state;
	snprintf(home, sizeof(home), "/tmp/modelhook-credentials-XXXXXX");
	assert_non_null(mkdtemp(home));
	char *folder = in_home(".mlflow");
	mkdir(folder, 0700);
	free(folder);
	setenv("HOME", home, 1);
	options = (struct credentials_options){0};
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		unsetenv(variables[i]);
	return 0;
}

static int tear_down(void **state)
{
	static const char *const names[] = {".netrc", "other-netrc", ".mlflow/credentials",
		".mlflow", "token", "namespace", "headers", ""};
	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *path = in_home(names[i]);
		remove(path);
		free(path);
	}
	credentials_release(&credentials);
	return 0;
}

static void expect(const char *url, const char *kind, const char *authorization)
{
	char *copy = text_copy(url);
	credentials_release(&credentials);
	assert_int_equal(credentials_read(&copy, &options, &credentials, &f), 0);
	assert_string_equal(credentials.kind, kind);
	if (authorization == NULL)
		assert_null(credentials.authorization);
	else
		assert_string_equal(credentials.authorization, authorization);
	assert_null(strchr(copy, '@'));
	free(copy);
}

static void refuse(const char *url, const char *secret)
{
	char *copy = text_copy(url);
	credentials_release(&credentials);
	assert_int_equal(credentials_read(&copy, &options, &credentials, &f), -1);
	assert_int_equal(f.status, STATUS_CONFIGURATION);
	if (secret != NULL)
		assert_null(strstr(f.text, secret));
	free(copy);
}

static void without_any_there_are_none(void **state)
{
	(void)state;
	expect("http://h:5000", "none", NULL);
	assert_string_equal(credentials.origin, "http://h:5000");
}

/* Basic of u:p is dTpw */
static void each_source_gives_way_to_the_one_before(void **state)
{
	(void)state;
	setenv("MLFLOW_TRACKING_TOKEN", "tok", 1);
	expect("http://h", "token", "Bearer tok");
	setenv("MLFLOW_TRACKING_USERNAME", "u", 1);
	expect("http://h", "token", "Bearer tok");
	setenv("MLFLOW_TRACKING_PASSWORD", "p", 1);
	expect("http://h", "user and password", "Basic dTpw");
	expect("http://a:b@h", "URL", "Basic YTpi");
	write_file(".netrc", "machine h login n password r\n");
	expect("http://a:b@h", "netrc", "Basic bjpy");
	expect("http://other", "user and password", "Basic dTpw");
	write_file("other-netrc", "machine h login x password y\n");
	char *path = in_home("other-netrc");
	setenv("NETRC", path, 1);
	free(path);
	expect("http://h", "netrc", "Basic eDp5");
}

static void each_field_comes_from_the_variable_else_the_file(void **state)
{
	(void)state;
	write_file(".mlflow/credentials",
		"# mine\n[other]\nmlflow_tracking_username = no\n[mlflow]\n"
		"MLFLOW_tracking_username: u\r\n  mlflow_tracking_password =  p%%1 \n");
	expect("http://h", "user and password", "Basic dTpwJTE=");
	setenv("MLFLOW_TRACKING_PASSWORD", "p", 1);
	expect("http://h", "user and password", "Basic dTpw");
}

static void what_cannot_be_done_is_refused_by_name(void **state)
{
	(void)state;
	refuse("file:///mlruns", NULL);
	refuse("sqlite://user:hidden@h/x", "hidden");
	refuse("mlruns", NULL);
	setenv("MLFLOW_TRACKING_AUTH", "kubernetes", 1);
	options.service_account = "/nowhere";
	refuse("http://h", NULL);
	assert_non_null(strstr(f.hint, "MLFLOW_TRACKING_AUTH"));
	unsetenv("MLFLOW_TRACKING_AUTH");
	setenv("MLFLOW_TRACKING_AWS_SIGV4", "true", 1);
	refuse("http://h", NULL);
	unsetenv("MLFLOW_TRACKING_AWS_SIGV4");
	setenv("MLFLOW_TRACKING_TOKEN", "hidden\r\nX-Admin: 1", 1);
	refuse("http://h", "hidden");
	unsetenv("MLFLOW_TRACKING_TOKEN");
	write_file(".mlflow/credentials", "hidden = 1\n");
	refuse("http://h", "hidden = 1");
	assert_non_null(strstr(f.text, ".mlflow/credentials"));
}

/* The lines that a request to the server gets, joined; the caller frees them. */
static char *lines_now(void)
{
	struct http_login login = credentials_login(&credentials);
	struct http_lines lines = {0};
	struct http_request request = {.method = "GET"};
	struct text text = {0};
	assert_int_equal(login.make(login.context, NULL, &request, "http://h/x", &lines, &f), 0);
	for (size_t i = 0; i < lines.count; i++)
		text_printf(&text, "%s|", lines.lines[i]);
	http_lines_release(&lines);
	return text_take(&text);
}

static void expect_lines(const char *wanted)
{
	char *lines = lines_now();
	assert_string_equal(lines, wanted);
	free(lines);
}

static void a_service_account_is_read_for_each_request(void **state)
{
	(void)state;
	setenv("MLFLOW_TRACKING_AUTH", "kubernetes-namespaced", 1);
	setenv("MLFLOW_TRACKING_USERNAME", "u", 1);
	setenv("MLFLOW_TRACKING_PASSWORD", "p", 1);
	write_file(".netrc", "machine h login n password r\n");
	options = (struct credentials_options){.service_account = home};
	refuse("http://h", NULL);
	assert_non_null(strstr(f.text, "namespace of the Kubernetes service account"));
	write_file("namespace", " reef\n");
	refuse("http://h", NULL);
	assert_non_null(strstr(f.text, "token of the Kubernetes service account"));
	write_file("token", "first\n");
	expect("http://a:b@h", "Kubernetes service account", NULL);
	assert_string_equal(credentials.workspace, "reef");
	expect_lines("Authorization: Bearer first|");
	write_file("token", "second\n");
	expect_lines("Authorization: Bearer second|");
	options.has_workspace = true;
	expect("http://h", "Kubernetes service account", NULL);
	assert_null(credentials.workspace);
	setenv("MLFLOW_TRACKING_TOKEN", "set", 1);
	expect("http://h", "token", "Bearer set");
	setenv("MLFLOW_TRACKING_AUTH", "a-plugin", 1);
	refuse("http://h", NULL);
	assert_non_null(strstr(f.hint, "MODELHOOK_HEADER_FILE"));
}

static void headers_of_a_file_go_beside_other_credentials(void **state)
{
	(void)state;
	char *path = in_home("headers");
	options = (struct credentials_options){.header_file = path};
	refuse("http://h", NULL);
	assert_non_null(strstr(f.text, "MODELHOOK_HEADER_FILE"));
	write_file("headers", "X-Pass: hidden\n");
	expect("http://h", "header file", NULL);
	expect_lines("X-Pass: hidden|");
	setenv("MLFLOW_TRACKING_TOKEN", "tok", 1);
	expect("http://h", "token", "Bearer tok");
	expect_lines("X-Pass: hidden|Authorization: Bearer tok|");
	write_file("headers", "Authorization: hidden\n");
	refuse("http://h", "hidden");
	unsetenv("MLFLOW_TRACKING_TOKEN");
	expect("http://h", "header file", NULL);
	expect_lines("Authorization: hidden|");
	free(path);
}

static void a_broken_netrc_is_left_aside(void **state)
{
	(void)state;
	setenv("MLFLOW_TRACKING_TOKEN", "tok", 1);
	write_file(".netrc", "hidden nonsense\n");
	expect("http://h", "token", "Bearer tok");
}

static void netrc_reads_as_python_reads_it(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int result;
		const char *user; /* NULL: not found */
		const char *password;
	} rows[] = {
		{"machine h login u password p", 0, "u", "p"},
		{"machine H\n  login u\n\tpassword p\n", 0, "u", "p"},
		{"default login d password e\nmachine h login u password p", 0, "u", "p"},
		{"machine other login u password p\ndefault login d password e", 0, "d", "e"},
		{"machine other login u password p", 0, NULL, NULL},
		{"# note\nmachine h # note\nlogin u account a password p # end\n", 0, "u", "p"},
		{"machine h login u password #p", 0, "u", "#p"},
		{"machine h login \"u v\" password \"p\\\"q\"", 0, "u v", "p\"q"},
		{"machine h login u password p machine h login u2 password p2", 0, "u2", "p2"},
		{"macdef init\ncd /x\nput y\n\nmachine h login u password p", 0, "u", "p"},
		{"machine h password p", 0, "", "p"},
		{"machine h login u", 0, "u", ""},
		{"machine h login", 0, "", ""},
		{"", 0, NULL, NULL},
		{"machine", -1, NULL, NULL},
		{"login u", -1, NULL, NULL},
		{"machine h login \"u", -1, NULL, NULL},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct login login;
		bool found;
		int result = credentials_parse_netrc(
			rows[i].text, strlen(rows[i].text), "h", &login, &found, &f);
		assert_int_equal(result, rows[i].result);
		assert_int_equal(found, rows[i].user != NULL);
		if (found) {
			assert_string_equal(login.user, rows[i].user);
			assert_string_equal(login.password, rows[i].password);
		}
		login_release(&login);
	}
}

int main(void)
{
	console_set_quiet(true);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(without_any_there_are_none, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			each_source_gives_way_to_the_one_before, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			each_field_comes_from_the_variable_else_the_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			what_cannot_be_done_is_refused_by_name, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_service_account_is_read_for_each_request, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			headers_of_a_file_go_beside_other_credentials, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_broken_netrc_is_left_aside, set_up, tear_down),
		cmocka_unit_test(netrc_reads_as_python_reads_it),
	};
	return cmocka_run_group_tests_name("credentials", tests, NULL, NULL);
}
