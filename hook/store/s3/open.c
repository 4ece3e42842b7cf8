#include "store/s3/open.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "auth/aws_credentials.h"
#include "auth/aws_keys.h"
#include "base/env.h"
#include "base/memory.h"
#include "base/text.h"
#include "http/types.h"
#include "http/url.h"
#include "packaging/json/json.h"
#include "store/s3/manner.h"

/* What MLFLOW_S3_UPLOAD_EXTRA_ARGS may hold, by boto's names. */
static const struct {
	const char *name;
	const char *header;
} extra_names[] = {
	{"ACL", "x-amz-acl"},
	{"CacheControl", "cache-control"},
	{"ContentDisposition", "content-disposition"},
	{"ContentEncoding", "content-encoding"},
	{"ContentLanguage", "content-language"},
	{"ContentType", "content-type"},
	{"GrantFullControl", "x-amz-grant-full-control"},
	{"GrantRead", "x-amz-grant-read"},
	{"GrantReadACP", "x-amz-grant-read-acp"},
	{"GrantWriteACP", "x-amz-grant-write-acp"},
	{"ObjectLockLegalHoldStatus", "x-amz-object-lock-legal-hold"},
	{"ObjectLockMode", "x-amz-object-lock-mode"},
	{"ObjectLockRetainUntilDate", "x-amz-object-lock-retain-until-date"},
	{"RequestPayer", "x-amz-request-payer"},
	{"SSEKMSEncryptionContext", "x-amz-server-side-encryption-context"},
	{"SSEKMSKeyId", "x-amz-server-side-encryption-aws-kms-key-id"},
	{"ServerSideEncryption", "x-amz-server-side-encryption"},
	{"StorageClass", "x-amz-storage-class"},
	{"Tagging", "x-amz-tagging"},
};

static const char *extra_header(const char *name)
{
	for (size_t i = 0; i < sizeof(extra_names) / sizeof(extra_names[0]); i++)
		if (strcmp(extra_names[i].name, name) == 0)
			return extra_names[i].header;
	return NULL;
}

static bool is_clean(const char *value)
{
	for (const char *c = value; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return false;
	return true;
}

static int add_extra(struct s3 *s3, const struct json_at *at, struct fail *f)
{
	const char *header = extra_header(at->key);
	char *value = NULL;
	if (header == NULL)
		return json_fail(at, f, "not an argument that is known here");
	if (json_string(at, &value, f) != 0)
		return -1;
	bool fits = s3->extra_count < S3_HEADERS_MAX - 8 && is_clean(value);
	if (fits)
		s3->extra[s3->extra_count++] = text_format("%s: %s", header, value);
	free(value);
	return fits ? 0 : json_fail(at, f, "not a value it takes");
}

int s3_extra_read(struct s3 *s3, const char *text, struct fail *f)
{
	struct cJSON *tree = NULL;
	int result = json_parse(text, strlen(text), &tree, f);
	if (result == 0) {
		struct json_at root = json_root(tree);
		result = json_object(&root, f);
		for (struct json_at at = json_first(&root); result == 0 && json_is_there(&at);
			at = json_next(&at))
			result = add_extra(s3, &at, f);
	}
	json_release(tree);
	if (result == 0)
		return 0;
	if (f->status == STATUS_UNACCEPTABLE)
		f->status = STATUS_CONFIGURATION;
	return fail_wrap(f, "%s", env_name(ENV_MLFLOW_S3_UPLOAD_EXTRA_ARGS));
}

static int read_bucket(struct s3 *s3, const char *uri, struct fail *f)
{
	const char *bucket = strstr(uri, "://") + 3;
	size_t size = strcspn(bucket, "/");
	if (size == 0 || strpbrk(uri, "?#") != NULL || memchr(bucket, '@', size) != NULL)
		return fail_set(f, STATUS_CONFIGURATION, "%.120s: not s3://BUCKET/PREFIX", uri);
	s3->bucket = text_format("%.*s", (int)size, bucket);
	const char *prefix = bucket + size;
	prefix += strspn(prefix, "/");
	size = strlen(prefix);
	while (size > 0 && prefix[size - 1] == '/')
		size--;
	s3->prefix = text_format("%.*s", (int)size, prefix);
	return 0;
}

static const char *named_endpoint(const struct s3 *s3)
{
	static const enum env_variable names[] = {
		ENV_MLFLOW_S3_ENDPOINT_URL, ENV_AWS_ENDPOINT_URL_S3, ENV_AWS_ENDPOINT_URL};
	size_t count = env_is_true(ENV_AWS_IGNORE_CONFIGURED_ENDPOINT_URLS)
			       ? 1 /* the first is MLflow's, and no part of AWS's configuration */
			       : sizeof(names) / sizeof(names[0]);
	for (size_t i = 0; i < count; i++)
		if (env_get(names[i]) != NULL)
			return env_get(names[i]);
	return count > 1 ? aws_profile_get(&s3->profile, "endpoint_url") : NULL;
}

/* libcurl leaves the scheme's own port out of the Host header, which is signed. */
static char *tidy_endpoint(const char *named, struct fail *f)
{
	char *origin = http_url_origin(named);
	if (origin == NULL) {
		char *shown = http_url_show(named);
		fail_set(f, STATUS_CONFIGURATION,
			"the S3 endpoint is no http:// or https:// address: %.120s", shown);
		free(shown);
		return NULL;
	}
	const char *usual = text_starts_with(origin, "https:") ? ":443" : ":80";
	if (text_ends_with(origin, usual))
		origin[strlen(origin) - strlen(usual)] = '\0';
	return origin;
}

/* Without dots: a wildcard certificate covers one level. */
static bool is_host_label(const char *bucket)
{
	size_t size = strlen(bucket);
	if (size < 3 || size > 63 || bucket[0] == '-' || bucket[size - 1] == '-')
		return false;
	for (const char *c = bucket; *c != '\0'; c++)
		if (!islower((unsigned char)*c) && !isdigit((unsigned char)*c) && *c != '-')
			return false;
	return true;
}

/* A number has no names below it. */
static bool is_address(const char *host)
{
	struct in6_addr ignored;
	return inet_pton(AF_INET, host, &ignored) == 1 || inet_pton(AF_INET6, host, &ignored) == 1;
}

/* The endpoint with the bucket in it, unless that goes into the path. */
static void set_endpoint(struct s3 *s3, const char *endpoint)
{
	const char *host = strstr(endpoint, "://") + 3;
	free(s3->endpoint);
	s3->endpoint = s3->path_style ? text_copy(endpoint)
				      : text_format("%.*s%s.%s", (int)(host - endpoint), endpoint,
						s3->bucket, host);
}

void s3_set_region(struct s3 *s3, const char *region)
{
	char *copy = text_copy(region);
	free(s3->region);
	s3->region = copy;
	s3->credentials.region = copy;
	if (!s3->at_amazon)
		return;
	char *endpoint = text_format(
		"https://s3.%s.amazonaws.com%s", copy, text_starts_with(copy, "cn-") ? ".cn" : "");
	set_endpoint(s3, endpoint);
	free(endpoint);
}

static void read_style(struct s3 *s3, const char *host)
{
	const char *style = env_get(ENV_MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE);
	if (style == NULL || strcmp(style, "auto") == 0)
		style = s3->at_amazon ? "virtual" : "path";
	s3->path_style = strcmp(style, "virtual") != 0 || !is_host_label(s3->bucket) ||
			 (host != NULL && is_address(host));
}

static int read_endpoint(struct s3 *s3, const char *named, struct fail *f)
{
	char *endpoint = tidy_endpoint(named, f);
	if (endpoint == NULL)
		return -1;
	char *host = http_url_host(endpoint);
	read_style(s3, host);
	s3->credentials.yandex = text_ends_with(host, "yandexcloud.net");
	s3->trusts_wire = text_starts_with(endpoint, "https:") || http_url_is_loopback(endpoint);
	set_endpoint(s3, endpoint);
	free(host);
	free(endpoint);
	return 0;
}

/* Where nothing says which region, the server does. */
static const char *named_region(const struct s3 *s3)
{
	const char *region = env_get(ENV_AWS_DEFAULT_REGION);
	if (region == NULL)
		region = aws_profile_get(&s3->profile, "region");
	if (region == NULL)
		region = env_get(
			ENV_AWS_REGION); /* which boto does not read, and other clients do */
	if (region == NULL && s3->credentials.yandex)
		region = "ru-central1";
	return region != NULL ? region : "us-east-1";
}

static int read_place(struct s3 *s3, struct fail *f)
{
	const char *named = named_endpoint(s3);
	s3->at_amazon = named == NULL;
	s3->trusts_wire = true;
	if (named != NULL && read_endpoint(s3, named, f) != 0)
		return -1;
	if (named == NULL)
		read_style(s3, NULL);
	s3_set_region(s3, named_region(s3));
	return 0;
}

static int read_all(struct s3 *s3, const char *uri, struct fail *f)
{
	const char *owner = env_get(ENV_MLFLOW_S3_EXPECTED_BUCKET_OWNER);
	const char *signature = env_get(ENV_MLFLOW_EXPERIMENTAL_S3_SIGNATURE_VERSION);
	if (read_bucket(s3, uri, f) != 0 || aws_profile_read(&s3->profile, f) != 0)
		return -1;
	if (read_place(s3, f) != 0 || s3_manner_open(s3, f) != 0)
		return -1;
	if (owner != NULL && is_clean(owner))
		s3->owner = text_format("x-amz-expected-bucket-owner: %s", owner);
	s3->is_unsigned = signature != NULL && strcasecmp(signature, "unsigned") == 0;
	const char *extra = env_get(ENV_MLFLOW_S3_UPLOAD_EXTRA_ARGS);
	return extra != NULL ? s3_extra_read(s3, extra, f) : 0;
}

int s3_open(struct store *store, const char *uri, struct fail *f)
{
	struct s3 *s3 = memory_get(1, sizeof(*s3));
	store->state = s3;
	aws_credentials_open(&s3->credentials, &s3->profile);
	if (read_all(s3, uri, f) != 0) {
		s3_close(store);
		return -1;
	}
	store->root = text_format(
		"s3://%s%s%s", s3->bucket, s3->prefix[0] != '\0' ? "/" : "", s3->prefix);
	store->own_http.trust = (struct http_trust){
		.ca_bundle = env_get(ENV_AWS_CA_BUNDLE),
		.ca_setting = env_name(ENV_AWS_CA_BUNDLE),
		.insecure = env_is_true(ENV_MLFLOW_S3_IGNORE_TLS),
		.insecure_setting = env_name(ENV_MLFLOW_S3_IGNORE_TLS),
	};
	if (store->own_http.trust.insecure)
		store->own_http.trust.ca_bundle = NULL;
	return 0;
}

int s3_find_credentials(struct store *store, bool *found, struct fail *why, struct fail *f)
{
	struct s3 *s3 = store->state;
	struct aws_keys keys;
	*found = s3->is_unsigned ||
		 aws_credentials_get(&s3->credentials, store->http, &keys, why) == 0;
	if (*found && !s3->is_unsigned)
		aws_keys_release(&keys);
	if (*found || s3->credentials.looked)
		return 0;
	*f = *why; /* one of the places is broken: that is not to be hidden */
	return -1;
}

void s3_close(struct store *store)
{
	struct s3 *s3 = store->state;
	if (s3 == NULL)
		return;
	for (size_t i = 0; i < s3->extra_count; i++)
		free(s3->extra[i]);
	aws_credentials_release(&s3->credentials);
	aws_profile_release(&s3->profile);
	free(s3->bucket);
	free(s3->prefix);
	free(s3->endpoint);
	free(s3->region);
	free(s3->owner);
	free(s3);
	store->state = NULL;
}

char *s3_key(const struct s3 *s3, const char *path)
{
	bool both = s3->prefix[0] != '\0' && path[0] != '\0';
	return text_format("%s%s%s", s3->prefix, both ? "/" : "", path);
}
