#include "auth/aws_fetch.h"

#include <stdlib.h>
#include <string.h>

#include "auth/fetch.h"
#include "auth/metadata_token.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/text.h"
#include "http/response.h"
#include "http/types.h"
#include "http/url.h"
#include "packaging/json/json.h"
#include "packaging/xml/xml.h"

#define LINK_LOCAL "http://169.254.169.254"
#define CONTAINER_HOST "http://169.254.170.2"

/* {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"}, as containers and instances have it */
int aws_keys_read(const struct http_response *response, struct aws_keys *keys, struct fail *f)
{
	struct cJSON *tree;
	if (response->status != 200)
		return fail_set(f, STATUS_DENIED, "it answers %ld", response->status);
	if (json_parse(text_string(&response->body), response->body.size, &tree, f) != 0)
		return -1;
	struct json_at root = json_root(tree);
	keys->access_key = fetch_member(&root, "AccessKeyId");
	keys->secret_key = fetch_member(&root, "SecretAccessKey");
	keys->session_token = fetch_member(&root, "Token");
	char *expires = fetch_member(&root, "Expiration");
	if (expires == NULL || !clock_parse_rfc3339(expires, &keys->expires_ms))
		keys->expires_ms = 0;
	free(expires);
	json_release(tree);
	if (keys->access_key != NULL && keys->secret_key != NULL)
		return 0;
	return fail_set(f, STATUS_DENIED, "its answer holds no keys");
}

/* Containers: the address is the agent's, this machine's, or one that is verified by TLS. */

static bool is_allowed(const char *url)
{
	static const char *const hosts[] = {"169.254.170.2", "169.254.170.23", "fd00:ec2::23"};
	char *host = http_url_host(url);
	bool allowed = fetch_may_see_secrets(url);
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		allowed = allowed || text_equal(host, hosts[i]);
	free(host);
	return allowed;
}

static int container_header(char **header, struct fail *f)
{
	const char *file = env_get(ENV_AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE);
	const char *token = env_get(ENV_AWS_CONTAINER_AUTHORIZATION_TOKEN);
	char *read = file != NULL ? fetch_read_file(file, f) : text_copy(token);
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
	struct http_response response;
	char *header;
	if (!is_allowed(url))
		return fail_set(f, STATUS_CONFIGURATION,
			"AWS_CONTAINER_CREDENTIALS_FULL_URI names a host that may not give out "
			"keys");
	if (container_header(&header, f) != 0)
		return -1;
	int result = fetch_ask(fetch, "GET", url, header, &response, f);
	if (result == 0)
		result = aws_keys_read(&response, keys, f);
	http_response_release(&response);
	free(header);
	return result;
}

int aws_fetch_container(struct http *like, struct aws_keys *keys, bool *found, struct fail *f)
{
	const char *relative = env_get(ENV_AWS_CONTAINER_CREDENTIALS_RELATIVE_URI);
	const char *full = env_get(ENV_AWS_CONTAINER_CREDENTIALS_FULL_URI);
	struct fetch fetch;
	*found = relative != NULL || full != NULL;
	if (!*found)
		return 0;
	if (fetch_open(&fetch, like, true, f) != 0)
		return -1;
	char *url = relative != NULL ? text_format(CONTAINER_HOST "%s", relative) : text_copy(full);
	int result = ask_container(&fetch, url, keys, f);
	fetch_release(&fetch);
	free(url);
	keys->from = "the container's agent";
	return result == 0 ? 0 : fail_wrap(f, "credentials of the container");
}

/* The instance's metadata service, version 2: a session token first. */

static int ask_text(struct fetch *fetch, const char *method, const char *url, const char *header,
	char **text, struct fail *f)
{
	struct http_response response;
	int result = fetch_ask(fetch, method, url, header, &response, f);
	if (result == 0 && response.status != 200)
		result = fail_set(f, STATUS_DENIED, "it answers %ld", response.status);
	if (result == 0)
		*text = text_trimmed(text_string(&response.body), response.body.size);
	http_response_release(&response);
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
		struct http_response response;
		role[strcspn(role, "\r\n")] = '\0';
		url = text_format("%s/%s%s", base, folder, role);
		result = fetch_ask(fetch, "GET", url, header, &response, f);
		if (result == 0)
			result = aws_keys_read(&response, keys, f);
		http_response_release(&response);
		free(url);
	}
	free(header);
	free(token);
	free(role);
	return result;
}

int aws_fetch_instance(struct http *like, struct aws_keys *keys, bool *found, struct fail *f)
{
	const char *named = env_get(ENV_AWS_EC2_METADATA_SERVICE_ENDPOINT);
	struct fetch fetch;
	*found = false;
	if (env_is_true(ENV_AWS_EC2_METADATA_DISABLED))
		return 0;
	if (fetch_open(&fetch, like, true, f) != 0)
		return -1;
	char *base = text_copy(named != NULL ? named : LINK_LOCAL);
	for (size_t size = strlen(base); size > 0 && base[size - 1] == '/';)
		base[--size] = '\0';
	int result = ask_instance(&fetch, base, keys, found, f);
	fetch_release(&fetch);
	free(base);
	keys->from = "the instance's metadata service";
	return result == 0 ? 0 : fail_wrap(f, "credentials of the instance");
}

/* STS, AssumeRoleWithWebIdentity: the one call of it that needs no signature. */

static void keep(char **kept, const char *text)
{
	if (*kept == NULL)
		*kept = text_copy(text);
}

static int take_sts(void *context, const char *path, const char *text, struct fail *f)
{
	struct aws_keys *keys = context;
	(void)f;
	if (text_ends_with(path, "/Credentials/AccessKeyId"))
		keep(&keys->access_key, text);
	else if (text_ends_with(path, "/Credentials/SecretAccessKey"))
		keep(&keys->secret_key, text);
	else if (text_ends_with(path, "/Credentials/SessionToken"))
		keep(&keys->session_token, text);
	else if (text_ends_with(path, "/Credentials/Expiration") &&
		 !clock_parse_rfc3339(text, &keys->expires_ms))
		keys->expires_ms = 0;
	return 0;
}

/* One setting, where boto finds it. */
static const char *identity_setting(
	const struct aws_profile *profile, enum env_variable variable, const char *key)
{
	const char *value = env_get(variable);
	return value != NULL ? value : aws_profile_get(profile, key);
}

static char *sts_query(const char *role, const char *session, const char *token)
{
	char *escaped_role = http_escape_query(role), *escaped_token = http_escape_query(token);
	char *name = http_escape_query(session != NULL ? session : "modelhook");
	char *query = text_format("Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=%s"
				  "&RoleSessionName=%s&WebIdentityToken=%s",
		escaped_role, name, escaped_token);
	explicit_bzero(escaped_token, strlen(escaped_token));
	free(escaped_role);
	free(escaped_token);
	free(name);
	return query;
}

int aws_sts_read(const struct http_response *response, struct aws_keys *keys, struct fail *f)
{
	if (response->status != 200)
		return fail_set(f, STATUS_DENIED, "STS answers %ld", response->status);
	if (xml_read(text_string(&response->body), response->body.size, take_sts, keys, f) != 0)
		return -1;
	if (keys->access_key != NULL && keys->secret_key != NULL)
		return 0;
	return fail_set(f, STATUS_DENIED, "STS's answer holds no keys");
}

static int ask_sts(struct fetch *fetch, const char *url, const char *query, struct aws_keys *keys,
	struct fail *f)
{
	struct http_response response;
	int result = fetch_post_form(fetch, url, query, &response, f);
	if (result == 0)
		result = aws_sts_read(&response, keys, f);
	http_response_release(&response);
	return result;
}

static char *sts_address(const char *region)
{
	const char *named = env_get(ENV_AWS_ENDPOINT_URL_STS);
	if (named == NULL)
		named = env_get(ENV_AWS_ENDPOINT_URL);
	return named != NULL ? text_copy(named)
			     : text_format("https://sts.%s.amazonaws.com/", region);
}

/* The query holds the token: it is wiped and freed. */
static int assume_role(
	struct fetch *fetch, const char *region, char *query, struct aws_keys *keys, struct fail *f)
{
	char *url = sts_address(region);
	int result = ask_sts(fetch, url, query, keys, f);
	explicit_bzero(query, strlen(query));
	free(query);
	free(url);
	return result;
}

int aws_fetch_web_identity(struct http *like, const struct aws_profile *profile, const char *region,
	struct aws_keys *keys, bool *found, struct fail *f)
{
	const char *session =
		identity_setting(profile, ENV_AWS_ROLE_SESSION_NAME, "role_session_name");
	const char *file = identity_setting(
		profile, ENV_AWS_WEB_IDENTITY_TOKEN_FILE, "web_identity_token_file");
	const char *role = identity_setting(profile, ENV_AWS_ROLE_ARN, "role_arn");
	struct fetch fetch;
	*found = file != NULL;
	if (file == NULL)
		return 0;
	if (role == NULL)
		return fail_set(f, STATUS_CONFIGURATION,
			"AWS_WEB_IDENTITY_TOKEN_FILE is set, and AWS_ROLE_ARN is not");
	char *token = fetch_read_file(file, f);
	if (token == NULL || fetch_open(&fetch, like, false, f) != 0) {
		free(token);
		return fail_wrap(f, "AWS_WEB_IDENTITY_TOKEN_FILE");
	}
	int result = assume_role(&fetch, region, sts_query(role, session, token), keys, f);
	fetch_release(&fetch);
	explicit_bzero(token, strlen(token));
	free(token);
	keys->from = "the web identity of AWS_ROLE_ARN";
	return result == 0 ? 0 : fail_wrap(f, "web identity");
}

int aws_fetch_bearer(struct http *like, struct aws_keys *keys, bool *found, struct fail *f)
{
	struct bearer bearer = {0};
	int result = metadata_token_fetch(like, &bearer, found, f);
	keys->bearer = bearer.token;
	keys->expires_ms = bearer.expires_ms;
	keys->from = METADATA_TOKEN_FROM;
	return result;
}
