/* Where a bucket is looked for, by the variables and the profile. Nothing is sent. */
#include "unit.h"

#include "base/clock.h"
#include "http/options.h"
#include "store/options.h"
#include "store/s3/open.h"
#include "store/s3/types.h"
#include "store/store.h"
#include "stores/open.h"

static const struct http_options options = {.timeout_ms = 1000};
static const struct store_options store_options;
static struct store store;
static struct fail f;
static char *folder;

#define UNSET_MAX 16
static const char *const variables[UNSET_MAX] = {"MLFLOW_S3_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3",
	"AWS_ENDPOINT_URL", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_DEFAULT_REGION",
	"AWS_REGION", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE",
	"MLFLOW_S3_UPLOAD_EXTRA_ARGS", "MLFLOW_S3_EXPECTED_BUCKET_OWNER",
	"MLFLOW_EXPERIMENTAL_S3_SIGNATURE_VERSION", "MLFLOW_S3_IGNORE_TLS", "AWS_CA_BUNDLE",
	"AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"};

static int set_up(void **state)
{
	(void)state;
	folder = unit_folder();
	for (size_t i = 0; i < UNSET_MAX; i++)
		unsetenv(variables[i]);
	setenv("HOME", folder, 1);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unit_folder_remove(folder);
	return 0;
}

/* "NAME=value NAME=value" */
static void set_all(const char *settings_line)
{
	char *copy = strdup(settings_line), *rest = copy, *word;
	while ((word = strsep(&rest, " ")) != NULL)
		if (*word != '\0') {
			char *value = strchr(word, '=');
			*value++ = '\0';
			setenv(word, value, 1);
		}
	free(copy);
}

static int open_store(const char *uri)
{
	struct store_reach reach = {&options, &store_options, deadline_in(1000)};
	return store_open_apart(&store, &reach, uri, &f);
}

static const struct s3 *opened(const char *uri)
{
	if (open_store(uri) != 0)
		fail_msg("%s: %s", uri, f.text);
	return store.state;
}

#define FISH "s3://fish/models"
#define ENDPOINT "MLFLOW_S3_ENDPOINT_URL="
#define VIRTUAL " MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE=virtual"

static const struct {
	const char *uri, *environment, *endpoint, *region;
	bool path_style;
} environments[] = {
	{FISH, "", "https://fish.s3.us-east-1.amazonaws.com", "us-east-1", false},
	{FISH, "AWS_REGION=eu-west-1", "https://fish.s3.eu-west-1.amazonaws.com", "eu-west-1",
		false},
	{FISH, "AWS_REGION=eu-west-1 AWS_DEFAULT_REGION=eu-west-2",
		"https://fish.s3.eu-west-2.amazonaws.com", "eu-west-2", false},
	{FISH, "AWS_DEFAULT_REGION=cn-north-1", "https://fish.s3.cn-north-1.amazonaws.com.cn",
		"cn-north-1", false},
	{"s3a://fish/models", "", "https://fish.s3.us-east-1.amazonaws.com", "us-east-1", false},
	{"s3://fish.models/x", "", "https://s3.us-east-1.amazonaws.com", "us-east-1", true},
	{"s3://Fish/x", "", "https://s3.us-east-1.amazonaws.com", "us-east-1", true},
	{"s3://fi/x", "", "https://s3.us-east-1.amazonaws.com", "us-east-1", true},
	{"s3://-fish/x", "", "https://s3.us-east-1.amazonaws.com", "us-east-1", true},
	{FISH, "MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE=path", "https://s3.us-east-1.amazonaws.com",
		"us-east-1", true},
	{FISH, ENDPOINT "http://minio:9000", "http://minio:9000", "us-east-1", true},
	{FISH, ENDPOINT "http://minio:9000/", "http://minio:9000", "us-east-1", true},
	{FISH, ENDPOINT "http://minio:80", "http://minio", "us-east-1", true},
	{FISH, ENDPOINT "https://minio:443", "https://minio", "us-east-1", true},
	{FISH, ENDPOINT "https://minio:80", "https://minio:80", "us-east-1", true},
	{FISH, ENDPOINT "http://minio:9000 MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE=auto",
		"http://minio:9000", "us-east-1", true},
	{FISH, ENDPOINT "http://minio:9000" VIRTUAL, "http://fish.minio:9000", "us-east-1", false},
	{"s3://fish.models/x", ENDPOINT "http://minio:9000" VIRTUAL, "http://minio:9000",
		"us-east-1", true},
	{FISH, ENDPOINT "http://10.0.0.7:9000" VIRTUAL, "http://10.0.0.7:9000", "us-east-1", true},
	{FISH, ENDPOINT "http://[fd00::7]:9000" VIRTUAL, "http://[fd00::7]:9000", "us-east-1",
		true},
	{FISH, "AWS_ENDPOINT_URL_S3=http://a AWS_ENDPOINT_URL=http://b", "http://a", "us-east-1",
		true},
	{FISH, "AWS_ENDPOINT_URL=http://b", "http://b", "us-east-1", true},
	{FISH, ENDPOINT "http://m AWS_ENDPOINT_URL_S3=http://a", "http://m", "us-east-1", true},
	{FISH, "AWS_ENDPOINT_URL=http://b AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true",
		"https://fish.s3.us-east-1.amazonaws.com", "us-east-1", false},
	{FISH, ENDPOINT "http://m AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true", "http://m",
		"us-east-1", true},
	{FISH, ENDPOINT "https://storage.yandexcloud.net", "https://storage.yandexcloud.net",
		"ru-central1", true},
};

static void endpoint_region_and_style_are_those_of_mlflow(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(environments); i++) {
		for (size_t j = 0; j < UNSET_MAX; j++)
			unsetenv(variables[j]);
		set_all(environments[i].environment);
		const struct s3 *s3 = opened(environments[i].uri);
		assert_row(strcmp(s3->endpoint, environments[i].endpoint) == 0,
			environments[i].environment);
		assert_row(strcmp(s3->region, environments[i].region) == 0,
			environments[i].environment);
		assert_row(
			s3->path_style == environments[i].path_style, environments[i].environment);
		store_release(&store);
	}
}

static void a_profile_names_what_no_variable_names(void **state)
{
	(void)state;
	unit_write(unit_path(folder, "config"),
		"[profile fish]\nregion = eu-west-3\nendpoint_url = http://profile:1\n");
	setenv("AWS_CONFIG_FILE", unit_path(folder, "config"), 1);
	set_all("AWS_PROFILE=fish AWS_REGION=eu-west-1");
	const struct s3 *s3 = opened(FISH);
	assert_string_equal(s3->endpoint, "http://profile:1");
	assert_string_equal(s3->region, "eu-west-3");
	store_release(&store);
}

static void keys_are_below_the_prefix(void **state)
{
	static const struct {
		const char *uri, *path, *key, *root;
	} rows[] = {
		{"s3://fish", "a/b", "a/b", "s3://fish"},
		{"s3://fish/", "a", "a", "s3://fish"},
		{"s3://fish/x/y/", "a", "x/y/a", "s3://fish/x/y"},
		{"s3://fish/x", "", "x", "s3://fish/x"},
		{"s3://fish//x", "a", "x/a", "s3://fish/x"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *key = s3_key(opened(rows[i].uri), rows[i].path);
		assert_row(strcmp(key, rows[i].key) == 0, rows[i].uri);
		assert_row(strcmp(store.root, rows[i].root) == 0, rows[i].uri);
		free(key);
		store_release(&store);
	}
}

static void a_region_told_by_the_server_moves_the_endpoint_at_amazon_only(void **state)
{
	(void)state;
	struct s3 *s3 = (struct s3 *)opened(FISH);
	s3_set_region(s3, "eu-north-1");
	assert_string_equal(s3->endpoint, "https://fish.s3.eu-north-1.amazonaws.com");
	assert_string_equal(s3->credentials.region, "eu-north-1");
	store_release(&store);
	set_all(ENDPOINT "http://minio:9000");
	s3 = (struct s3 *)opened(FISH);
	s3_set_region(s3, "eu-north-1");
	assert_string_equal(s3->endpoint, "http://minio:9000");
	assert_string_equal(s3->region, "eu-north-1");
	store_release(&store);
}

static void extra_arguments_become_headers_of_new_objects(void **state)
{
	(void)state;
	setenv("MLFLOW_S3_UPLOAD_EXTRA_ARGS",
		"{\"ServerSideEncryption\": \"aws:kms\", \"StorageClass\": \"STANDARD_IA\"}", 1);
	set_all("MLFLOW_S3_EXPECTED_BUCKET_OWNER=123456789012");
	const struct s3 *s3 = opened(FISH);
	assert_int_equal(s3->extra_count, 2);
	assert_string_equal(s3->extra[0], "x-amz-server-side-encryption: aws:kms");
	assert_string_equal(s3->extra[1], "x-amz-storage-class: STANDARD_IA");
	assert_string_equal(s3->owner, "x-amz-expected-bucket-owner: 123456789012");
	store_release(&store);
}

static void what_cannot_be_meant_is_refused_before_anything_is_sent(void **state)
{
	static const struct {
		const char *uri, *variable, *value, *said;
	} rows[] = {
		{"s3:///models", "HOME", "/", "not s3://BUCKET/PREFIX"},
		{"s3://key@fish/x", "HOME", "/", "not s3://BUCKET/PREFIX"},
		{"s3://fish/x?versionId=1", "HOME", "/", "not s3://BUCKET/PREFIX"},
		{FISH, "MLFLOW_S3_ENDPOINT_URL", "minio:9000", "is no http:// or https:// address"},
		{FISH, "MLFLOW_S3_ENDPOINT_URL", "ftp://minio",
			"is no http:// or https:// address"},
		{FISH, "MLFLOW_S3_UPLOAD_EXTRA_ARGS", "{", "MLFLOW_S3_UPLOAD_EXTRA_ARGS"},
		{FISH, "MLFLOW_S3_UPLOAD_EXTRA_ARGS", "[]", "MLFLOW_S3_UPLOAD_EXTRA_ARGS"},
		{FISH, "MLFLOW_S3_UPLOAD_EXTRA_ARGS", "{\"Colour\": \"red\"}",
			"not an argument that is known here"},
		{FISH, "MLFLOW_S3_UPLOAD_EXTRA_ARGS", "{\"ACL\": \"a\\r\\nx: y\"}",
			"not a value it takes"},
		{FISH, "MLFLOW_S3_UPLOAD_EXTRA_ARGS", "{\"ACL\": 1}",
			"MLFLOW_S3_UPLOAD_EXTRA_ARGS"},
		{FISH, "AWS_PROFILE", "nobody", "AWS profile nobody"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		setenv(rows[i].variable, rows[i].value, 1);
		assert_failure(open_store(rows[i].uri), f, STATUS_CONFIGURATION, rows[i].said);
		store_release(&store);
		setenv(rows[i].variable, "", 1);
	}
}

static void whom_the_connection_trusts_is_the_stores_own_setting(void **state)
{
	(void)state;
	set_all("AWS_CA_BUNDLE=/etc/ca.pem");
	opened(FISH);
	assert_string_equal(store.own_http.trust.ca_bundle, "/etc/ca.pem");
	assert_false(store.own_http.trust.insecure);
	store_release(&store);
	set_all("MLFLOW_S3_IGNORE_TLS=true");
	opened(FISH);
	assert_null(store.own_http.trust.ca_bundle);
	assert_true(store.own_http.trust.insecure);
	store_release(&store);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(endpoint_region_and_style_are_those_of_mlflow),
		TEST(a_profile_names_what_no_variable_names),
		TEST(keys_are_below_the_prefix),
		TEST(a_region_told_by_the_server_moves_the_endpoint_at_amazon_only),
		TEST(extra_arguments_become_headers_of_new_objects),
		TEST(what_cannot_be_meant_is_refused_before_anything_is_sent),
		TEST(whom_the_connection_trusts_is_the_stores_own_setting),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
