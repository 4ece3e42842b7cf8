/* Tests of what a tracking URI names: servers are tidied up, SageMaker's ARNs become servers, and
 * all else is refused by its name with what would work. */
#include "unit.h"

#include "base/text.h"
#include "mlflow/options.h"
#include "mlflow/platform.h"
#include "mlflow/sagemaker.h"
#include "mlflow/tracking_uri.h"

static int settle(
	const char *tracking, const char *registry, struct mlflow_options *s, struct fail *f)
{
	*s = (struct mlflow_options){
		.tracking_uri = text_copy(tracking), .registry_uri = text_copy(registry)};
	return tracking_uri_settle(s, f);
}

static void forget(struct mlflow_options *s)
{
	free(s->tracking_uri);
	free(s->registry_uri);
}

static void servers_are_tidied_up(void **state)
{
	static const struct {
		const char *tracking, *registry; /* as given */
		const char *tracking_after, *registry_after;
	} rows[] = {
		{"http://h:5000", NULL, "http://h:5000", "http://h:5000"},
		{"https://h/prefix///", NULL, "https://h/prefix", "https://h/prefix"},
		{"http://h", "https://r/", "http://h", "https://r"},
		{" http://h:5000 \n", NULL, "http://h:5000", "http://h:5000"},
		{"http://[::1]:5000/p", NULL, "http://[::1]:5000/p", "http://[::1]:5000/p"},
		{"http://[::1]", NULL, "http://[::1]", "http://[::1]"},
		{"http://u:p@h:5000", NULL, "http://u:p@h:5000", "http://u:p@h:5000"},
		{"http://h:5000/#/models/x", NULL, "http://h:5000", "http://h:5000"},
		{"http://h/ml/#/experiments/1", "http://r#x", "http://h/ml", "http://r"},
		{"arn:aws:sagemaker:eu-west-1:1:mlflow-app/a", NULL,
			"arn:aws:sagemaker:eu-west-1:1:mlflow-app/a",
			"arn:aws:sagemaker:eu-west-1:1:mlflow-app/a"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct mlflow_options s;
		struct fail f;
		assert_int_equal(settle(rows[i].tracking, rows[i].registry, &s, &f), 0);
		assert_string_equal(s.tracking_uri, rows[i].tracking_after);
		assert_string_equal(s.registry_uri, rows[i].registry_after);
		forget(&s);
	}
}

static const struct {
	const char *tracking, *registry, *error, *hint;
} refused[] = {
	{NULL, NULL, "no MLflow server is set", "MLFLOW_TRACKING_URI"},
	{NULL, "http://r", "no MLflow server is set", "MLFLOW_TRACKING_URI"},
	{"file:///mlruns", NULL, "MLFLOW_TRACKING_URI is \"file:///mlruns\": a folder",
		"mlflow server --backend-store-uri file:///mlruns"},
	{"./mlruns", NULL, "a folder", "mlflow server --backend-store-uri ./mlruns"},
	{"/srv/mlruns", NULL, "a folder", "mlflow server"},
	{"sqlite:///mlflow.db", NULL, "\"sqlite:///mlflow.db\": a database",
		"mlflow server --backend-store-uri sqlite:///mlflow.db"},
	{"postgresql+psycopg2://u:secret@h/db?password=secret", NULL,
		"\"postgresql+psycopg2://h/db\": a database", "mlflow server"},
	{"mysql://h/db", NULL, "a database", "mlflow server"},
	{"databricks", NULL, "Databricks", "Python client"},
	{"databricks://profile", NULL, "Databricks", "Python client"},
	{"databricks-uc", NULL, "Unity Catalog", "Python client"},
	{"http://h", "uc:http://h", "MLFLOW_REGISTRY_URI is \"uc:http://h\": Unity Catalog",
		"set MLFLOW_REGISTRY_URI to"},
	{"azureml://eu.api.azureml.ms/mlflow/v1.0/subscriptions/1", NULL, "Azure ML",
		"azureml-mlflow"},
	{"127.0.0.1:40509", NULL, "MLFLOW_TRACKING_URI is \"127.0.0.1:40509\"",
		"did you mean http://127.0.0.1:40509?"},
	{"mlflow.example/ml", NULL, "not an http:// or https:// URL",
		"did you mean http://mlflow.example/ml?"},
	{"localhost", NULL, "localhost", "did you mean http://localhost?"},
	{"ann:secret@host", NULL, "MLFLOW_TRACKING_URI is \"host\"", "such as"},
	{"htps://h", NULL, "\"htps://h\"", "such as http://mlflow:5000"},
	{"http://", NULL, "MLFLOW_TRACKING_URI: \"http://\" names no host", ""},
	{"https:////", NULL, "MLFLOW_TRACKING_URI: \"https://\" names no host", ""},
	{"http://h/a b", NULL, "has a blank in it", "such as https://"},
	{"https://example.com:", NULL, "\"https://example.com:\" has a colon and no port behind it",
		"such as"},
	{"https://u:secret@example.com:/x", NULL,
		"\"https://example.com:/x\" has a colon and no port behind it", "such as"},
	{"https://:5000", NULL, "names no host", "such as"},
	{"http://h:0", NULL, "names no port from 1 to 65535", "such as"},
	{"http://h:65536", NULL, "names no port from 1 to 65535", "such as"},
	{"http://h:50x", NULL, "names no port from 1 to 65535", "such as"},
	{"http://h", "http://r:", "MLFLOW_REGISTRY_URI: \"http://r:\" has a colon", "such as"},
	{"  ", NULL, "MLFLOW_TRACKING_URI is \"\"", "such as http://mlflow:5000"},
	{"a\x1b[2J", NULL, "a\\x1b[2J", "such as"},
};

static void all_else_is_refused_by_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		struct mlflow_options s;
		struct fail f;
		int result = settle(refused[i].tracking, refused[i].registry, &s, &f);
		assert_failure(result, f, STATUS_CONFIGURATION, refused[i].error);
		if (refused[i].hint[0] != '\0')
			assert_contains(f.hint, refused[i].hint);
		assert_lacks(f.text, "secret");
		assert_lacks(f.hint, "secret");
		forget(&s);
	}
}

static void an_arn_of_sagemaker_names_a_server(void **state)
{
	static const struct {
		const char *arn, *base, *region, *service, *header;
	} rows[] = {
		{"arn:aws:sagemaker:eu-west-1:123456789012:mlflow-tracking-server/fish",
			"https://eu-west-1.experiments.sagemaker.aws", "eu-west-1",
			"sagemaker-mlflow",
			"x-mlflow-sm-tracking-server-arn: "
			"arn:aws:sagemaker:eu-west-1:123456789012:mlflow-tracking-server/fish"},
		{"arn:aws:sagemaker:us-east-2:1:mlflow-app/app-X1",
			"https://mlflow.sagemaker.us-east-2.app.aws", "us-east-2", "sagemaker",
			"x-sm-mlflow-app-arn: arn:aws:sagemaker:us-east-2:1:mlflow-app/app-X1"},
		{"arn:aws-us-gov:sagemaker:us-gov-west-1:1:mlflow-tracking-server/f",
			"https://us-gov-west-1.experiments.sagemaker.aws", "us-gov-west-1",
			"sagemaker-mlflow",
			"x-mlflow-sm-tracking-server-arn: "
			"arn:aws-us-gov:sagemaker:us-gov-west-1:1:mlflow-tracking-server/f"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sagemaker sagemaker;
		struct fail f;
		assert_int_equal(sagemaker_read(rows[i].arn, &sagemaker, &f), 0);
		assert_string_equal(sagemaker.base, rows[i].base);
		assert_string_equal(sagemaker.region, rows[i].region);
		assert_string_equal(sagemaker.service, rows[i].service);
		assert_string_equal(sagemaker.header, rows[i].header);
		sagemaker_release(&sagemaker);
	}
}

static void other_arns_are_refused(void **state)
{
	static const struct {
		const char *arn, *error;
	} rows[] = {
		{"arn:", "not the ARN"},
		{"arn:aws:sagemaker:eu-west-1:1", "not the ARN"},
		{"arn:aws:s3:eu-west-1:1:mlflow-app/a", "not the ARN"},
		{"arn:aws:sagemaker::1:mlflow-app/a", "not the ARN"},
		{"arn:aws:sagemaker:eu-west-1:1:mlflow-app/", "not the ARN"},
		{"arn:aws:sagemaker:eu-west-1:1:mlflow-app", "not the ARN"},
		{"arn:aws:sagemaker:evil.example/:1:mlflow-app/a", "not the ARN"},
		{"arn:aws:sagemaker:eu-west-1:1:mlflow-app/a:b", "not the ARN"},
		{"arn:aws:sagemaker:eu-west-1:1:mlflow-app/a\r\nX-Admin: 1", "not the ARN"},
		{"arn:aws:sagemaker:eu-west-1:1:notebook/a",
			"neither a tracking server nor an app"},
		{"arn:aws-cn:sagemaker:cn-north-1:1:mlflow-app/a", "no MLflow in this partition"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sagemaker sagemaker;
		struct fail f;
		assert_failure(sagemaker_read(rows[i].arn, &sagemaker, &f), f, STATUS_CONFIGURATION,
			rows[i].error);
		assert_contains(f.hint, "mlflow-tracking-server/NAME");
		sagemaker_release(&sagemaker);
	}
}

static void a_platform_is_known_by_its_url(void **state)
{
	static const struct {
		const char *url, *name; /* NULL: nobody known */
	} rows[] = {
		{"https://gitlab.example/api/v4/projects/7/ml/mlflow", "GitLab"},
		{"https://gitlab.example/gl/api/v4/projects/7/ml/mlflow/", "GitLab"},
		{"https://dagshub.com/user/repo.mlflow", "DagsHub"},
		{"https://adb-1.2.azuredatabricks.net", "Databricks"},
		{"https://dbc-1.cloud.databricks.com/", "Databricks"},
		{"https://DBC-1.gcp.databricks.com", "Databricks"},
		{"https://westeurope.api.azureml.ms/mlflow/v1.0/subscriptions/1", "Azure ML"},
		{"https://mlflow.example/ml/mlflow", NULL},
		{"https://mlflow.example/cloud.databricks.com", NULL},
		{"http://127.0.0.1:5000", NULL},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct platform *platform = platform_of(rows[i].url);
		if (rows[i].name == NULL)
			assert_null(platform);
		else
			assert_string_equal(platform->name, rows[i].name);
	}
}

int main(void)
{
	clearenv();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(servers_are_tidied_up),
		cmocka_unit_test(all_else_is_refused_by_name),
		cmocka_unit_test(an_arn_of_sagemaker_names_a_server),
		cmocka_unit_test(other_arns_are_refused),
		cmocka_unit_test(a_platform_is_known_by_its_url),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
