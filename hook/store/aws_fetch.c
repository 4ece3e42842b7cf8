#include "store/aws_fetch.h"

#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/file.h"
#include "http_url.h"
#include "packaging/json.h"
#include "settings.h"
#include "store/xml.h"

#define LINK_LOCAL "http://169.254.169.254"
#define CONTAINER_HOST "http://169.254.170.2"
#define ANSWER_MAX ((size_t)256 << 10)
#define IN_ALL_MS 8000
#define STS_MS 30000

/* struct fetch - connections that give up soon */
struct fetch {
	struct settings settings; /* a shallow copy */
	struct http http;
};

static int fetch_open(
	struct fetch *fetch, const struct http *like, int64_t in_all_ms, struct fail *f)
{
	fetch->settings = *like->settings;
	fetch->settings.max_retries = 1;
	fetch->settings.timeout_ms = in_all_ms / 4;
	if (http_open(&fetch->http, &fetch->settings, NULL, deadline_in(in_all_ms), f) != 0)
		return -1;
	fetch->http.trust = (struct http_trust){0};
	return 0;
}

static int ask(struct fetch *fetch, const char *method, const char *url, const char *header,
	struct http_answer *answer, struct fail *f)
{
	const char *headers[] = {header, NULL};
	struct http_request request = {
		.method = method, .url = url, .headers = headers, .max_answer = ANSWER_MAX};
	return http_send(&fetch->http, &request, answer, f);
}

static char *member(const struct json_at *object, const char *key)
{
	struct json_at at = json_get(object, key);
	struct fail ignored;
	char *value = NULL;
	if (json_is_there(&at) && !json_is_null(&at) && json_string(&at, &value, &ignored) != 0)
		return NULL;
	return value;
}

/* {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"}, as containers and instances have it */
static int read_keys(const struct http_answer *answer, struct aws_keys *keys, struct fail *f)
{
	struct cJSON *tree;
	if (answer->status != 200)
		return fail_set(f, STATUS_DENIED, "it answers %ld", answer->status);
	if (json_parse(text_string(&answer->body), answer->body.size, &tree, f) != 0)
		return -1;
	struct json_at root = json_root(tree);
	keys->access_key = member(&root, "AccessKeyId");
	keys->secret_key = member(&root, "SecretAccessKey");
	keys->session_token = member(&root, "Token");
	char *expires = member(&root, "Expiration");
	if (expires == NULL || !clock_parse_rfc3339(expires, &keys->expires_ms))
		keys->expires_ms = 0;
	free(expires);
	json_release(tree);
	if (keys->access_key != NULL && keys->secret_key != NULL)
		return 0;
	return fail_set(f, STATUS_DENIED, "its answer holds no keys");
}

static char *read_token_file(const char *path, struct fail *f)
{
	struct text text = {0};
	char *token = NULL;
	if (file_read(path, ANSWER_MAX, &text, f) == 0)
		token = text_trimmed(text_string(&text), text.size);
	text_release(&text);
	return token;
}

/* Containers: the address is the agent's, this machine's, or one that is proven by TLS. */

static bool is_allowed(const char *url)
{
	static const char *const hosts[] = {
		"169.254.170.2", "169.254.170.23", "fd00:ec2::23", "localhost", "127.0.0.1", "::1"};
	char *host = http_url_host(url);
	bool allowed = text_starts_with(url, "https://");
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		allowed = allowed || text_equal(host, hosts[i]);
	free(host);
	return allowed;
}

static int container_header(char **header, struct fail *f)
{
	const char *file = env_get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	const char *token = env_get("AWS_CONTAINER_AUTHORIZATION_TOKEN");
	char *read = file != NULL ? read_token_file(file, f) : text_copy(token);
	*header = NULL;
	if (file != NULL && read == NULL)
		return -1;
	if (read != NULL && strpbrk(read, "\r\n") != NULL) {
		free(read);
		return fail_set(f, STATUS_CONFIGURATION,
			"AWS_CONTAINER_AUTHORIZATION_TOKEN holds a line break");
	}
	if (read != NULL)
		*header = text_format("Authorization: %s", read);
	free(read);
	return 0;
}

static int ask_container(
	struct fetch *fetch, const char *url, struct aws_keys *keys, struct fail *f)
{
	struct http_answer answer;
	char *header;
	if (!is_allowed(url))
		return fail_set(f, STATUS_CONFIGURATION,
			"AWS_CONTAINER_CREDENTIALS_FULL_URI names a host that may not give out "
			"keys");
	if (container_header(&header, f) != 0)
		return -1;
	int result = ask(fetch, "GET", url, header, &answer, f);
	if (result == 0)
		result = read_keys(&answer, keys, f);
	http_answer_release(&answer);
	free(header);
	return result;
}

int aws_fetch_container(struct http *like, struct aws_keys *keys, bool *found, struct fail *f)
{
	const char *relative = env_get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
	const char *full = env_get("AWS_CONTAINER_CREDENTIALS_FULL_URI");
	struct fetch fetch;
	*found = relative != NULL || full != NULL;
	if (!*found)
		return 0;
	if (fetch_open(&fetch, like, IN_ALL_MS, f) != 0)
		return -1;
	fetch.http.direct = true;
	char *url = relative != NULL ? text_format(CONTAINER_HOST "%s", relative) : text_copy(full);
	int result = ask_container(&fetch, url, keys, f);
	http_release(&fetch.http);
	free(url);
	keys->from = "the container's agent";
	return result == 0 ? 0 : fail_in(f, "credentials of the container");
}

/* The instance's metadata service, version 2: a session token first. */

static int ask_text(struct fetch *fetch, const char *method, const char *url, const char *header,
	char **text, struct fail *f)
{
	struct http_answer answer;
	int result = ask(fetch, method, url, header, &answer, f);
	if (result == 0 && answer.status != 200)
		result = fail_set(f, STATUS_DENIED, "it answers %ld", answer.status);
	if (result == 0)
		*text = text_trimmed(text_string(&answer.body), answer.body.size);
	http_answer_release(&answer);
	return result;
}

static int ask_instance(
	struct fetch *fetch, const char *base, struct aws_keys *keys, bool *found, struct fail *f)
{
	static const char folder[] = "latest/meta-data/iam/security-credentials/";
	char *token = NULL, *role = NULL;
	char *url = text_format("%s/latest/api/token", base);
	*found = ask_text(fetch, "PUT", url, "X-aws-ec2-metadata-token-ttl-seconds: 21600", &token,
			 f) == 0;
	free(url);
	if (!*found)
		return 0; /* no such service, or one that gives out nothing */
	char *header = text_format("X-aws-ec2-metadata-token: %s", token);
	url = text_format("%s/%s", base, folder);
	int result = ask_text(fetch, "GET", url, header, &role, f);
	free(url);
	if (result == 0) {
		struct http_answer answer;
		role[strcspn(role, "\r\n")] = '\0';
		url = text_format("%s/%s%s", base, folder, role);
		result = ask(fetch, "GET", url, header, &answer, f);
		if (result == 0)
			result = read_keys(&answer, keys, f);
		http_answer_release(&answer);
		free(url);
	}
	free(header);
	free(token);
	free(role);
	return result;
}

int aws_fetch_instance(struct http *like, struct aws_keys *keys, bool *found, struct fail *f)
{
	const char *named = env_get("AWS_EC2_METADATA_SERVICE_ENDPOINT");
	struct fetch fetch;
	*found = false;
	if (env_is_true("AWS_EC2_METADATA_DISABLED"))
		return 0;
	if (fetch_open(&fetch, like, IN_ALL_MS, f) != 0)
		return -1;
	fetch.http.direct = true;
	char *base = text_copy(named != NULL ? named : LINK_LOCAL);
	for (size_t size = strlen(base); size > 0 && base[size - 1] == '/';)
		base[--size] = '\0';
	int result = ask_instance(&fetch, base, keys, found, f);
	http_release(&fetch.http);
	free(base);
	keys->from = "the instance's metadata service";
	return result == 0 ? 0 : fail_in(f, "credentials of the instance");
}

/* STS, AssumeRoleWithWebIdentity: the one call of it that needs no signature. */

static int take_sts(void *context, const char *path, const char *text, struct fail *f)
{
	struct aws_keys *keys = context;
	(void)f;
	if (text_ends_with(path, "/Credentials/AccessKeyId"))
		keys->access_key = text_copy(text);
	else if (text_ends_with(path, "/Credentials/SecretAccessKey"))
		keys->secret_key = text_copy(text);
	else if (text_ends_with(path, "/Credentials/SessionToken"))
		keys->session_token = text_copy(text);
	else if (text_ends_with(path, "/Credentials/Expiration") &&
		 !clock_parse_rfc3339(text, &keys->expires_ms))
		keys->expires_ms = 0;
	return 0;
}

static char *sts_query(const char *role, const char *token)
{
	const char *session = env_get("AWS_ROLE_SESSION_NAME");
	char *escaped_role = http_escape_query(role), *escaped_token = http_escape_query(token);
	char *name = http_escape_query(session != NULL ? session : "modelhook");
	char *query = text_format("Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=%s"
				  "&RoleSessionName=%s&WebIdentityToken=%s",
		escaped_role, name, escaped_token);
	free(escaped_role);
	free(escaped_token);
	free(name);
	return query;
}

static int ask_sts(struct fetch *fetch, const char *url, const char *query, struct aws_keys *keys,
	struct fail *f)
{
	struct http_answer answer;
	struct http_request request = {
		.method = "POST",
		.url = url,
		.content_type = "application/x-www-form-urlencoded",
		.body = {.bytes = query, .size = strlen(query)},
		.max_answer = ANSWER_MAX,
	};
	int result = http_send(&fetch->http, &request, &answer, f);
	if (result == 0 && answer.status != 200)
		result = fail_set(f, STATUS_DENIED, "STS answers %ld", answer.status);
	if (result == 0)
		result = xml_read(text_string(&answer.body), answer.body.size, take_sts, keys, f);
	if (result == 0 && (keys->access_key == NULL || keys->secret_key == NULL))
		result = fail_set(f, STATUS_DENIED, "STS's answer holds no keys");
	http_answer_release(&answer);
	return result;
}

int aws_fetch_web_identity(
	struct http *like, const char *region, struct aws_keys *keys, bool *found, struct fail *f)
{
	const char *file = env_get("AWS_WEB_IDENTITY_TOKEN_FILE"), *role = env_get("AWS_ROLE_ARN");
	const char *endpoint = env_get("AWS_ENDPOINT_URL_STS");
	struct fetch fetch;
	*found = file != NULL && role != NULL;
	if (!*found)
		return 0;
	char *token = read_token_file(file, f);
	if (token == NULL || fetch_open(&fetch, like, STS_MS, f) != 0) {
		free(token);
		return fail_in(f, "AWS_WEB_IDENTITY_TOKEN_FILE");
	}
	char *url = endpoint != NULL ? text_copy(endpoint)
				     : text_format("https://sts.%s.amazonaws.com/", region);
	char *query = sts_query(role, token);
	int result = ask_sts(&fetch, url, query, keys, f);
	http_release(&fetch.http);
	explicit_bzero(query, strlen(query));
	explicit_bzero(token, strlen(token));
	free(query);
	free(token);
	free(url);
	keys->from = "the web identity of AWS_ROLE_ARN";
	return result == 0 ? 0 : fail_in(f, "web identity");
}

/* Google's and Yandex's machines: {"access_token", "expires_in"} */

static int read_bearer(const struct http_answer *answer, struct aws_keys *keys, struct fail *f)
{
	struct cJSON *tree;
	double seconds = 0;
	if (json_parse(text_string(&answer->body), answer->body.size, &tree, f) != 0)
		return -1;
	struct json_at root = json_root(tree);
	struct json_at expires = json_get(&root, "expires_in");
	keys->bearer = member(&root, "access_token");
	if (!json_is_there(&expires) || json_number(&expires, &seconds, f) != 0)
		seconds = 300;
	keys->expires_ms = clock_now_ms() + (int64_t)(seconds * 1000);
	json_release(tree);
	return keys->bearer != NULL ? 0 : fail_set(f, STATUS_DENIED, "its answer holds no token");
}

int aws_fetch_bearer(struct http *like, struct aws_keys *keys, bool *found, struct fail *f)
{
	const char *named = env_get("GCE_METADATA_HOST");
	struct fetch fetch;
	struct http_answer answer;
	struct fail nobody;
	*found = false;
	if (fetch_open(&fetch, like, IN_ALL_MS, f) != 0)
		return -1;
	fetch.http.direct = true;
	char *url =
		text_format("http://%s/computeMetadata/v1/instance/service-accounts/default/token",
			named != NULL ? named : "169.254.169.254");
	int result = 0;
	if (ask(&fetch, "GET", url, "Metadata-Flavor: Google", &answer, &nobody) == 0 &&
		answer.status == 200) {
		*found = true;
		result = read_bearer(&answer, keys, f);
	}
	http_answer_release(&answer);
	http_release(&fetch.http);
	free(url);
	keys->from = "the machine's service account";
	return result == 0 ? 0 : fail_in(f, "token of the service account");
}
