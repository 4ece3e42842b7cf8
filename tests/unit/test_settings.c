#include "unit.h"

#include "base/console.h"
#include "base/file.h"
#include "base/text.h"
#include "gate/gate.h"
#include "settings/settings.h"

#define ALL                                                                                        \
	(TAKES_SERVER | TAKES_FLOW | TAKES_PLAN | TAKES_JSON | TAKES_MODEL | TAKES_OUTPUT |        \
		TAKES_ALWAYS)

static char *folder;

static int set_up(void **state)
{
	(void)state;
	folder = unit_folder();
	clearenv();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	console_set_quiet(false);
	unit_folder_remove(folder);
	return 0;
}

static void configure(const char *text)
{
	unit_write(unit_path(folder, "modelhook.json"), text);
}

enum { ARGUMENTS_MAX = 8 };

/* Flags, then environment, then the folder's modelhook.json. */
static int settle(
	struct settings *settings, unsigned takes, const char *const *flags, struct fail *f)
{
	char *argv[ARGUMENTS_MAX + 1] = {NULL};
	int argc = 0;
	for (; flags[argc] != NULL; argc++)
		argv[argc] = (char *)flags[argc];
	if (settings_read_flags(settings, takes, &argc, argv, f) != 0)
		return -1;
	return settings_read_rest(settings, folder, f);
}

#define FLAGS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NO_FLAGS ((const char *const[]){NULL})

static void what_nobody_sets_has_mlflows_defaults(void **state)
{
	struct settings s;
	struct fail f;
	(void)state;
	assert_int_equal(settle(&s, ALL, NO_FLAGS, &f), 0);
	assert_null(s.mlflow.tracking_uri);
	assert_null(s.spool);
	assert_int_equal(s.deadline_ms, 30 * 60 * 1000);
	assert_int_equal(s.http.timeout_ms, 120 * 1000);
	assert_int_equal(s.http.max_retries, 7);
	assert_true(s.http.backoff_factor == 2 && s.http.backoff_jitter == 1);
	assert_true(s.http.respect_retry_after && s.http.follow_redirects);
	assert_false(
		s.http.insecure_tls || s.json || s.mlflow.plan || s.quiet || s.allow_nonfinite);
	assert_int_equal(s.registry.promote_by, PROMOTE_BY_SERVER);
	assert_int_equal(s.policy, POLICY_PRODUCTION);
	assert_int_equal(s.gate_count, 0);
	settings_release(&s);
	settings_release(&s);
}

/* A place that was named relative to the working directory. */
static void assert_place(const char *place, const char *named)
{
	char here[4096];
	assert_non_null(getcwd(here, sizeof(here)));
	char *wanted = file_join(here, named);
	assert_string_equal(place, wanted);
	free(wanted);
}

static void a_flag_outranks_the_environment_and_that_the_file(void **state)
{
	struct settings s;
	struct fail f;
	(void)state;
	configure("{\"tracking_uri\": \"http://file\", \"policy\": \"none\", \"deadline\": \"3s\","
		  "\"promote_by\": \"alias\", \"spool\": \"file-spool\", \"max_retries\": 3}");
	setenv("MLFLOW_TRACKING_URI", "http://environment", 1);
	setenv("MODELHOOK_POLICY", "staging", 1);
	setenv("MODELHOOK_SPOOL", "environment-spool", 1);
	setenv("MODELHOOK_DEADLINE", "", 1);
	assert_int_equal(
		settle(&s, ALL, FLAGS("--tracking-uri=http://flag", "--spool", "flag-spool"), &f),
		0);
	assert_string_equal(s.mlflow.tracking_uri, "http://flag");
	assert_place(s.spool, "flag-spool");
	assert_int_equal(s.policy, POLICY_STAGING);
	assert_int_equal(s.registry.promote_by, PROMOTE_BY_ALIAS);
	assert_int_equal(s.deadline_ms, 3000);
	assert_int_equal(s.http.max_retries, 3);
	settings_release(&s);
}

static void each_variable_of_mlflow_is_read_as_mlflow_means_it(void **state)
{
	struct settings s;
	struct fail f;
	(void)state;
	setenv("MLFLOW_TRACKING_URI", "http://tracking", 1);
	setenv("MLFLOW_REGISTRY_URI", "http://registry", 1);
	setenv("MLFLOW_WORKSPACE", "fish", 1);
	setenv("MLFLOW_TRACKING_SERVER_CERT_PATH", "ca.pem", 1);
	setenv("MLFLOW_TRACKING_CLIENT_CERT_PATH", "/client.pem", 1);
	setenv("MLFLOW_TRACKING_INSECURE_TLS", "TRUE", 1);
	setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1.5", 1);
	setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0", 1);
	setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0.5", 1);
	setenv("MLFLOW_HTTP_REQUEST_BACKOFF_JITTER", "0", 1);
	setenv("MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER", "0", 1);
	setenv("MLFLOW_ALLOW_HTTP_REDIRECTS", "false", 1);
	assert_int_equal(settle(&s, ALL, NO_FLAGS, &f), 0);
	assert_string_equal(s.mlflow.tracking_uri, "http://tracking");
	assert_string_equal(s.mlflow.registry_uri, "http://registry");
	assert_string_equal(s.mlflow.workspace, "fish");
	assert_string_equal(s.http.ca_bundle, "ca.pem");
	assert_string_equal(s.http.client_cert, "/client.pem");
	assert_true(s.http.insecure_tls);
	assert_int_equal(s.http.timeout_ms, 1500);
	assert_int_equal(s.http.max_retries, 0);
	assert_true(s.http.backoff_factor == 0.5 && s.http.backoff_jitter == 0);
	assert_false(s.http.respect_retry_after || s.http.follow_redirects);
	settings_release(&s);
}

static void each_flag_sets_its_setting(void **state)
{
	struct settings s;
	struct fail f;
	(void)state;
	assert_int_equal(settle(&s, ALL,
				 FLAGS("--promote-by=BOTH", "--policy=None", "--override=why not",
					 "--allow-nonfinite", "--plan", "--json", "--quiet",
					 "--deadline=1h30m"),
				 &f),
		0);
	assert_int_equal(s.registry.promote_by, PROMOTE_BY_BOTH);
	assert_int_equal(s.policy, POLICY_NONE);
	assert_string_equal(s.override_reason, "why not");
	assert_true(s.allow_nonfinite && s.mlflow.plan && s.json && s.quiet);
	assert_true(console_is_quiet());
	assert_int_equal(s.deadline_ms, 5400000);
	settings_release(&s);
	assert_int_equal(
		settle(&s, ALL, FLAGS("-o", "x.tar.gz", "--result=r", "--config", "c"), &f),
		-1); /* there is no file c */
	assert_string_equal(s.output_path, "x.tar.gz");
	assert_place(s.result_path, "r");
	assert_string_equal(s.config_path, "c");
	settings_release(&s);
}

static void the_last_of_two_equal_flags_counts(void **state)
{
	struct settings s;
	struct fail f;
	(void)state;
	assert_int_equal(
		settle(&s, ALL,
			FLAGS("--spool=a", "--spool=b", "--policy=none", "--policy=staging"), &f),
		0);
	assert_place(s.spool, "b");
	assert_int_equal(s.policy, POLICY_STAGING);
	settings_release(&s);
}

static void flags_are_taken_out_and_arguments_left_in_order(void **state)
{
	char *argv[] = {(char[]){"a"}, (char[]){"--policy"}, (char[]){"none"}, (char[]){"-"},
		(char[]){"--spool=x=y"}, (char[]){"b"}, (char[]){"--"}, (char[]){"--plan"},
		(char[]){"--"}, NULL};
	static const char *const left[] = {"a", "-", "b", "--plan", "--"};
	int argc = (int)COUNT(argv) - 1;
	struct settings s;
	struct fail f;
	(void)state;
	assert_int_equal(settings_read_flags(&s, ALL, &argc, argv, &f), 0);
	assert_int_equal(argc, COUNT(left));
	for (size_t i = 0; i < COUNT(left); i++)
		assert_string_equal(argv[i], left[i]);
	assert_null(argv[argc]);
	assert_place(s.spool, "x=y");
	assert_false(s.mlflow.plan);
	settings_release(&s);
}

static void a_wrong_flag_is_named_without_its_value(void **state)
{
	static const struct {
		const char *flags[3];
		unsigned takes;
		const char *error;
	} rows[] = {
		{{"--tracking-url=http://u:secret@h"}, ALL, "--tracking-url: no such option"},
		{{"-x"}, ALL, "-x: no such option"},
		{{"-osecret"}, ALL, "-osecret: no such option"},
		{{"--Plan"}, ALL, "--Plan: no such option"},
		{{"--pla"}, ALL, "--pla: no such option"},
		{{"--plan\n\033[2J=secret"}, ALL, "--plan\\x0a\\x1b[2J: no such option"},
		{{"--plan"}, TAKES_SERVER | TAKES_FLOW, "--plan: not an option of this command"},
		{{"--spool=secret"}, TAKES_SERVER, "--spool: not an option of this command"},
		{{"-o", "x"}, TAKES_SERVER, "--output: not an option of this command"},
		{{"--plan=secret"}, ALL, "--plan: takes no value"},
		{{"--quiet="}, ALL, "--quiet: takes no value"},
		{{"--spool"}, ALL, "--spool: needs a value"},
		{{"--spool="}, ALL, "--spool: needs a value"},
		{{"--spool", ""}, ALL, "--spool: needs a value"},
		{{"--deadline=soon"}, ALL, "--deadline: soon is not a time such as 90s, 36h or 7d"},
		{{"--deadline", "-5s"}, ALL,
			"--deadline: -5s is not a time such as 90s, 36h or 7d"},
		{{"--policy=all"}, ALL, "--policy: all is not production, staging or none"},
		{{"--promote-by=it"}, ALL, "--promote-by: it is not server, stage, alias or both"},
		{{"--new-model=no"}, ALL, "--new-model: no is not allow or refuse"},
		{{"--config=s3://secret/x"}, ALL, "--config: that is not a path on this machine"},
		{{"--parallel=0"}, ALL, "--parallel: 0 is not a whole number, 1 to 64"},
		{{"--parallel=65"}, ALL, "--parallel: 65 is not a whole number, 1 to 64"},
		{{"--limit-rate=fast"}, ALL,
			"--limit-rate: fast is not a number of bytes such as 500K, 10M or 1G"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct settings s;
		struct fail f;
		assert_row(settle(&s, rows[i].takes, rows[i].flags, &f) == -1, rows[i].error);
		assert_int_equal(f.status, STATUS_USAGE);
		assert_string_equal(f.text, rows[i].error);
		if (strcmp(rows[i].flags[0], "-osecret") != 0)
			assert_lacks(f.text, "secret");
		if (strncmp(f.hint, "did you mean ", 13) != 0)
			assert_contains(f.hint, "modelhook help");
		settings_release(&s);
	}
}

static void quiet_deadline_and_config_are_for_every_command(void **state)
{
	struct settings s;
	struct fail f;
	(void)state;
	assert_int_equal(settle(&s, 0, FLAGS("--quiet", "--deadline=5s"), &f), 0);
	assert_true(s.quiet);
	assert_int_equal(s.deadline_ms, 5000);
	settings_release(&s);
}

static void a_wrong_variable_is_named_without_its_value(void **state)
{
	static const struct {
		const char *name, *value;
	} rows[] = {
		{"MLFLOW_TRACKING_INSECURE_TLS", "secret"},
		{"MLFLOW_TRACKING_INSECURE_TLS", "yes"},
		{"MLFLOW_HTTP_REQUEST_TIMEOUT", "secret"},
		{"MLFLOW_HTTP_REQUEST_TIMEOUT", "0"},
		{"MLFLOW_HTTP_REQUEST_TIMEOUT", "-1"},
		{"MLFLOW_HTTP_REQUEST_TIMEOUT", "1e300"},
		{"MLFLOW_HTTP_REQUEST_TIMEOUT", "inf"},
		{"MLFLOW_HTTP_REQUEST_TIMEOUT", "nan"},
		{"MLFLOW_HTTP_REQUEST_TIMEOUT", "30s"},
		{"MLFLOW_HTTP_REQUEST_MAX_RETRIES", "secret"},
		{"MLFLOW_HTTP_REQUEST_MAX_RETRIES", "-1"},
		{"MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1.5"},
		{"MLFLOW_HTTP_REQUEST_MAX_RETRIES", "99999999999999999999"},
		{"MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "secret"},
		{"MLFLOW_HTTP_REQUEST_BACKOFF_JITTER", "1,5"},
		{"MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER", "2"},
		{"MLFLOW_ALLOW_HTTP_REDIRECTS", "secret"},
		{"MODELHOOK_PROMOTE_BY", "secret"},
		{"MODELHOOK_POLICY", "Prod"},
		{"MODELHOOK_DEADLINE", "90"},
		{"MODELHOOK_QUIET", "secret"},
		{"MODELHOOK_CONFIG", "hdfs://secret/config"},
		{"MODELHOOK_PARALLEL", "many"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct settings s;
		struct fail f;
		clearenv();
		setenv(rows[i].name, rows[i].value, 1);
		assert_row(settle(&s, ALL, NO_FLAGS, &f) == -1, rows[i].name);
		assert_int_equal(f.status, STATUS_CONFIGURATION);
		assert_contains(f.text, rows[i].name);
		assert_lacks(f.text, "secret");
		settings_release(&s);
	}
}

static void every_key_of_the_file_sets_its_setting(void **state)
{
	struct settings s;
	struct fail f;
	(void)state;
	configure("{\"tracking_uri\": \"http://t\", \"registry_uri\": \"http://r\","
		  "\"workspace\": \"w\", \"request_timeout\": 2.5, \"max_retries\": 0,"
		  "\"backoff_factor\": 0.25, \"backoff_jitter\": 0, \"promote_by\": \"stage\","
		  "\"policy\": \"staging\", \"allow_nonfinite\": true, \"deadline\": \"2m\","
		  "\"gates\": [{\"metric\": \"a\", \"at_least\": 1}, {\"max_age\": \"1h\"}]}");
	assert_int_equal(settle(&s, ALL, NO_FLAGS, &f), 0);
	assert_string_equal(s.mlflow.tracking_uri, "http://t");
	assert_string_equal(s.mlflow.registry_uri, "http://r");
	assert_string_equal(s.mlflow.workspace, "w");
	assert_int_equal(s.http.timeout_ms, 2500);
	assert_int_equal(s.http.max_retries, 0);
	assert_true(s.http.backoff_factor == 0.25 && s.http.backoff_jitter == 0);
	assert_int_equal(s.registry.promote_by, PROMOTE_BY_STAGE);
	assert_int_equal(s.policy, POLICY_STAGING);
	assert_true(s.allow_nonfinite);
	assert_int_equal(s.deadline_ms, 120000);
	assert_int_equal(s.gate_count, 2);
	settings_release(&s);
}

static void a_path_of_the_file_is_relative_to_the_file(void **state)
{
	char *there = file_join(folder, "certificates/ca.pem");
	char *spool = file_join(folder, "spool");
	struct settings s;
	struct fail f;
	(void)state;
	configure("{\"ca_bundle\": \"certificates/ca.pem\", \"client_cert\": \"/etc/client.pem\","
		  "\"spool\": \"spool\"}");
	assert_int_equal(settle(&s, ALL, NO_FLAGS, &f), 0);
	assert_string_equal(s.http.ca_bundle, there);
	assert_string_equal(s.http.client_cert, "/etc/client.pem");
	assert_string_equal(s.spool, spool);
	settings_release(&s);
	assert_int_equal(
		settle(&s, ALL, FLAGS("--config", unit_path(folder, "modelhook.json")), &f), 0);
	assert_string_equal(s.http.ca_bundle, there);
	settings_release(&s);
	free(there);
	free(spool);
}

static void each_mistake_in_the_file_is_named_by_its_key(void **state)
{
	static const struct {
		const char *text, *error;
	} rows[] = {
		{"", "not JSON"},
		{"{\"policy\": \"none\",}", "not JSON: line 1, column"},
		{"[]", "not an object"},
		{"{\"tracking_url\": \"http://x\"}", "tracking_url: unknown key"},
		{"{\"result\": \"x\"}", "result: unknown key"},
		{"{\"override\": \"always\"}", "override: unknown key"},
		{"{\"policy\": \"none\", \"policy\": \"none\"}", "policy: given twice"},
		{"{\"tracking_uri\": 1}", "tracking_uri: not a string"},
		{"{\"tracking_uri\": \"\"}", "tracking_uri: not a string in UTF-8"},
		{"{\"spool\": \"\"}", "spool: not a path or a URL in UTF-8"},
		{"{\"ca_bundle\": \"s3://bucket\"}", "ca_bundle: not a path on this machine"},
		{"{\"policy\": \"secret\"}", "policy: not production, staging or none"},
		{"{\"policy\": null}", "policy: not a string"},
		{"{\"promote_by\": \"secret\"}", "promote_by: not server, stage, alias or both"},
		{"{\"deadline\": 90}", "deadline: not a string"},
		{"{\"deadline\": \"secret\"}", "deadline: not a time such as 90s, 36h or 7d"},
		{"{\"request_timeout\": \"2\"}", "request_timeout: not a number"},
		{"{\"request_timeout\": 0}", "request_timeout: not a number of seconds"},
		{"{\"max_retries\": -1}", "max_retries: not a whole number"},
		{"{\"max_retries\": 1.5}", "max_retries: not a whole number"},
		{"{\"max_retries\": 1e20}", "max_retries: not a whole number"},
		{"{\"backoff_factor\": -0.5}", "backoff_factor: not a number, 0 or more"},
		{"{\"allow_nonfinite\": \"true\"}", "allow_nonfinite: not true or false"},
		{"{\"gates\": {}}", "gates: not an array"},
		{"{\"gates\": [{\"metric\": \"a\"}]}", "gates[0]: needs"},
		{"{\"gates\": null}", "gates: not an array"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct settings s;
		struct fail f;
		configure(rows[i].text);
		assert_row(settle(&s, ALL, NO_FLAGS, &f) == -1, rows[i].text);
		assert_int_equal(f.status, STATUS_CONFIGURATION);
		assert_contains(f.text, "settings /");
		assert_contains(f.text, "/modelhook.json: ");
		if (strstr(f.text, rows[i].error) == NULL)
			fail_msg("%s: %s", rows[i].text, f.text);
		assert_lacks(f.text, "secret");
		settings_release(&s);
	}
}

static void a_file_that_is_there_and_cannot_be_read_is_not_taken_for_none(void **state)
{
	struct settings s;
	struct fail f;
	(void)state;
	assert_int_equal(symlink("nowhere", unit_path(folder, "modelhook.json")), 0);
	assert_int_equal(settle(&s, ALL, NO_FLAGS, &f), -1);
	assert_int_equal(f.status, STATUS_CONFIGURATION);
	assert_contains(f.text, "modelhook.json: No such file");
	settings_release(&s);
	assert_int_equal(unlink(unit_path(folder, "modelhook.json")), 0);
	assert_int_equal(mkdir(unit_path(folder, "modelhook.json"), 0777), 0);
	assert_int_equal(settle(&s, ALL, NO_FLAGS, &f), -1);
	assert_int_equal(f.status, STATUS_CONFIGURATION);
	settings_release(&s);
}

static void a_named_file_replaces_the_one_in_the_folder_and_must_be_there(void **state)
{
	const char *named = unit_path(folder, "named.json");
	struct settings s;
	struct fail f;
	(void)state;
	configure("{\"policy\": \"none\", \"max_retries\": 1}");
	unit_write(named, "{\"policy\": \"staging\"}");
	setenv("MODELHOOK_CONFIG", named, 1);
	assert_int_equal(settle(&s, ALL, NO_FLAGS, &f), 0);
	assert_int_equal(s.policy, POLICY_STAGING);
	assert_int_equal(s.http.max_retries, 7);
	settings_release(&s);
	assert_int_equal(
		settle(&s, ALL, FLAGS("--config", unit_path(folder, "none.json")), &f), -1);
	assert_int_equal(f.status, STATUS_CONFIGURATION);
	assert_contains(f.text, "none.json: No such file");
	settings_release(&s);
}

static void no_file_is_looked_for_without_a_folder(void **state)
{
	char *argv[] = {NULL};
	int argc = 0;
	struct settings s;
	struct fail f;
	(void)state;
	configure("{\"policy\": \"none\"}");
	assert_int_equal(settings_read_flags(&s, ALL, &argc, argv, &f), 0);
	assert_int_equal(settings_read_rest(&s, NULL, &f), 0);
	assert_int_equal(s.policy, POLICY_PRODUCTION);
	settings_release(&s);
}

static void quiet_can_come_from_the_environment(void **state)
{
	struct settings s;
	struct fail f;
	(void)state;
	setenv("MODELHOOK_QUIET", "1", 1);
	assert_int_equal(settle(&s, 0, NO_FLAGS, &f), 0);
	assert_true(console_is_quiet());
	settings_release(&s);
}

static void help_shows_what_a_command_takes_and_nothing_else(void **state)
{
	struct text text = {0};
	(void)state;
	settings_help(TAKES_SERVER | TAKES_PLAN, &text);
	assert_contains(text_string(&text), "  --tracking-uri URL ");
	assert_contains(text_string(&text), "(MLFLOW_TRACKING_URI)");
	assert_contains(text_string(&text), "--plan\n");
	assert_contains(text_string(&text), "--deadline TIME");
	assert_lacks(text_string(&text), "--spool");
	assert_lacks(text_string(&text), "--json");
	assert_lacks(text_string(&text), "(null)");
	text_release(&text);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(what_nobody_sets_has_mlflows_defaults),
		IN_FOLDER(a_flag_outranks_the_environment_and_that_the_file),
		IN_FOLDER(each_variable_of_mlflow_is_read_as_mlflow_means_it),
		IN_FOLDER(each_flag_sets_its_setting),
		IN_FOLDER(the_last_of_two_equal_flags_counts),
		IN_FOLDER(flags_are_taken_out_and_arguments_left_in_order),
		IN_FOLDER(a_wrong_flag_is_named_without_its_value),
		IN_FOLDER(quiet_deadline_and_config_are_for_every_command),
		IN_FOLDER(a_wrong_variable_is_named_without_its_value),
		IN_FOLDER(every_key_of_the_file_sets_its_setting),
		IN_FOLDER(a_path_of_the_file_is_relative_to_the_file),
		IN_FOLDER(each_mistake_in_the_file_is_named_by_its_key),
		IN_FOLDER(a_file_that_is_there_and_cannot_be_read_is_not_taken_for_none),
		IN_FOLDER(a_named_file_replaces_the_one_in_the_folder_and_must_be_there),
		IN_FOLDER(no_file_is_looked_for_without_a_folder),
		IN_FOLDER(quiet_can_come_from_the_environment),
		IN_FOLDER(help_shows_what_a_command_takes_and_nothing_else),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
