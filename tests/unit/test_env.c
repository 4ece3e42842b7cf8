#include "unit.h"

#include "base/env.h"
#include "base/escape.h"
#include "base/secret.h"
#include "base/text.h"

static void a_variable_is_read_by_its_own_name(void **state)
{
	(void)state;
	clearenv();
	setenv("AWS_PROFILE", "fish", 1);
	setenv("no_proxy", "localhost", 1);
	assert_string_equal(env_get(ENV_AWS_PROFILE), "fish");
	assert_string_equal(env_get(ENV_no_proxy), "localhost");
	assert_null(env_get(ENV_NO_PROXY));
	assert_string_equal(env_name(ENV_NO_PROXY), "NO_PROXY");
	assert_string_equal(env_named("AWS_PROFILE"), "fish");
}

static void an_empty_variable_is_there_and_has_no_value(void **state)
{
	(void)state;
	clearenv();
	assert_false(env_is_there(ENV_https_proxy));
	setenv("https_proxy", "", 1);
	assert_true(env_is_there(ENV_https_proxy));
	assert_null(env_get(ENV_https_proxy));
}

static void true_is_what_mlflow_reads_as_true(void **state)
{
	static const struct {
		const char *value;
		bool is_true;
	} rows[] = {{"true", true}, {"TRUE", true}, {"1", true}, {"yes", false}, {"", false}};
	(void)state;
	clearenv();
	assert_false(env_is_true(ENV_MLFLOW_S3_IGNORE_TLS));
	for (size_t i = 0; i < COUNT(rows); i++) {
		setenv("MLFLOW_S3_IGNORE_TLS", rows[i].value, 1);
		assert_row(env_is_true(ENV_MLFLOW_S3_IGNORE_TLS) == rows[i].is_true, rows[i].value);
	}
}

/* Base64 may begin with a slash, as a path does; the name of a header does not tell that it is a
 * secret: the list does. */
static void the_value_of_each_secret_is_hidden_whatever_it_looks_like(void **state)
{
	static const struct {
		const char *name, *value;
		bool is_hidden;
	} rows[] = {
		{"AWS_SECRET_ACCESS_KEY", "/7MDENGbPxRfiCYEXAMPLEKEY", true},
		{"AZURE_STORAGE_ACCESS_KEY", "/wEby8vdM02xNOcqF7u3Q==", true},
		{"IDENTITY_HEADER", "853b9a84-5bfa-4b22-a3f3", true},
		{"MLFLOW_TRACKING_PASSWORD", "correct7horse", true},
		{"SOME_OTHER_TOKEN", "zyxwv98765", true},
		{"AZURE_FEDERATED_TOKEN_FILE", "/var/run/azure-token", false},
		{"AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE", false},
		{"AWS_ROLE_ARN", "arn:aws:iam::1234:role/fish", false},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char shown[128];
		clearenv();
		setenv(rows[i].name, rows[i].value, 1);
		env_register_secrets();
		escape_into(shown, sizeof(shown), rows[i].value, strlen(rows[i].value));
		assert_row(text_equal(shown, rows[i].value) == !rows[i].is_hidden, rows[i].name);
		secret_wipe();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_variable_is_read_by_its_own_name),
		cmocka_unit_test(an_empty_variable_is_there_and_has_no_value),
		cmocka_unit_test(true_is_what_mlflow_reads_as_true),
		cmocka_unit_test(the_value_of_each_secret_is_hidden_whatever_it_looks_like),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
