#include "auth/aws_credentials.h"

#include <stdlib.h>
#include <string.h>

#include "auth/aws_fetch.h"
#include "auth/fetch.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/fail.h"
#include "base/panic.h"
#include "base/secret.h"
#include "base/text.h"

#define FRESH_MS (INT64_C(5) * 60 * 1000) /* fetched again before they have less left */

void aws_credentials_open(struct aws_credentials *credentials, const struct aws_profile *profile)
{
	*credentials = (struct aws_credentials){.profile = profile, .what = "S3"};
	INVARIANT(pthread_mutex_init(&credentials->lock, NULL) == 0);
}

void aws_credentials_release(struct aws_credentials *credentials)
{
	aws_keys_release(&credentials->keys);
	pthread_mutex_destroy(&credentials->lock);
}

static int take_keys(struct aws_credentials *credentials, const char *access, const char *secret,
	const char *token, const char *from, bool *found, struct fail *f)
{
	*found = access != NULL;
	if (access == NULL)
		return 0;
	if (secret == NULL)
		return fail_set(f, STATUS_DENIED, "%s credentials in %s: a key without a secret",
			credentials->what, from);
	struct aws_keys *keys = &credentials->keys;
	keys->access_key = text_copy(access);
	keys->secret_key = text_copy(secret);
	keys->session_token = text_copy(token);
	secret_add(secret);
	secret_add(token);
	keys->from = from;
	return 0;
}

static int from_environment(
	struct aws_credentials *credentials, struct http *http, bool *found, struct fail *f)
{
	const char *token = env_get(ENV_AWS_SECURITY_TOKEN); /* its older name comes first */
	(void)http;
	return take_keys(credentials, env_get(ENV_AWS_ACCESS_KEY_ID),
		env_get(ENV_AWS_SECRET_ACCESS_KEY),
		token != NULL ? token : env_get(ENV_AWS_SESSION_TOKEN),
		"the environment (AWS_ACCESS_KEY_ID)", found, f);
}

static int not_followed(const struct aws_profile *profile, const char *key, struct fail *f)
{
	if (aws_profile_get(profile, key) == NULL)
		return 0;
	fail_set(f, STATUS_CONFIGURATION, "AWS profile %.60s: %s is not followed here",
		profile->name, key);
	return fail_hint(f, "give its keys in the environment: aws configure "
			    "export-credentials --format env");
}

static int from_role(
	struct aws_credentials *credentials, struct http *http, bool *found, struct fail *f)
{
	const struct aws_profile *profile = credentials->profile;
	(void)http;
	*found = false;
	if (aws_profile_get(profile, "web_identity_token_file") != NULL)
		return 0; /* it is the role of that */
	return not_followed(profile, "role_arn", f);
}

static int from_web_identity(
	struct aws_credentials *credentials, struct http *http, bool *found, struct fail *f)
{
	return aws_fetch_web_identity(
		http, credentials->profile, credentials->region, &credentials->keys, found, f);
}

static int from_sso(
	struct aws_credentials *credentials, struct http *http, bool *found, struct fail *f)
{
	(void)http;
	*found = false;
	return not_followed(credentials->profile, "sso_account_id", f);
}

static int from_file(struct aws_credentials *credentials, bool config, const char *name,
	bool *found, struct fail *f)
{
	const struct aws_profile *profile = credentials->profile;
	const char *token = aws_profile_get_from(profile, config, "aws_security_token");
	if (token == NULL)
		token = aws_profile_get_from(profile, config, "aws_session_token");
	return take_keys(credentials, aws_profile_get_from(profile, config, "aws_access_key_id"),
		aws_profile_get_from(profile, config, "aws_secret_access_key"), token, name, found,
		f);
}

static int from_credentials_file(
	struct aws_credentials *credentials, struct http *http, bool *found, struct fail *f)
{
	(void)http;
	return from_file(credentials, false, "AWS's credentials file", found, f);
}

static int from_config_file(
	struct aws_credentials *credentials, struct http *http, bool *found, struct fail *f)
{
	(void)http;
	if (not_followed(credentials->profile, "login_session", f) != 0 ||
		not_followed(credentials->profile, "credential_process", f) != 0)
		return -1;
	return from_file(credentials, true, "AWS's config file", found, f);
}

static int from_container(
	struct aws_credentials *credentials, struct http *http, bool *found, struct fail *f)
{
	return aws_fetch_container(http, &credentials->keys, found, f);
}

/* Yandex's machines answer at the same address as Amazon's: the store tells whose this is. */
static int from_machine(
	struct aws_credentials *credentials, struct http *http, bool *found, struct fail *f)
{
	return credentials->yandex ? aws_fetch_bearer(http, &credentials->keys, found, f)
				   : aws_fetch_instance(http, &credentials->keys, found, f);
}

static int look(struct aws_credentials *credentials, struct http *http, struct fail *f)
{
	static int (*const places[])(struct aws_credentials *, struct http *, bool *,
		struct fail *) = {from_environment, from_role, from_web_identity, from_sso,
		from_credentials_file, from_config_file, from_container, from_machine};
	bool found = false;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && !found; i++)
		if (places[i](credentials, http, &found, f) != 0)
			return -1;
	credentials->looked = true;
	return 0;
}

/* With the lock held. Keys that are still good outlive a service that is away for a moment. */
static int refresh(struct aws_credentials *credentials, struct http *http, struct fail *f)
{
	struct aws_keys former = credentials->keys;
	int64_t now = clock_now_ms();
	if (credentials->looked && (former.expires_ms == 0 || former.expires_ms >= now + FRESH_MS))
		return 0;
	credentials->keys = (struct aws_keys){0};
	int result = look(credentials, http, f);
	if (result != 0 && former.expires_ms > now) {
		aws_keys_release(&credentials->keys);
		credentials->keys = former;
		return 0;
	}
	aws_keys_release(&former);
	return result;
}

int aws_credentials_get(struct aws_credentials *credentials, struct http *http,
	struct aws_keys *keys, struct fail *f)
{
	*keys = (struct aws_keys){0};
	pthread_mutex_lock(&credentials->lock);
	int result = refresh(credentials, http, f);
	if (result == 0)
		aws_keys_copy(&credentials->keys, keys);
	pthread_mutex_unlock(&credentials->lock);
	if (result != 0 || keys->access_key != NULL || keys->bearer != NULL)
		return result;
	fail_set(f, STATUS_DENIED, "no credentials for %s were found", credentials->what);
	return fail_hint(f,
		"looked at the environment (AWS_ACCESS_KEY_ID), web identity, AWS's "
		"profile files, the container's agent and the machine's metadata service");
}

bool aws_credentials_are_there(struct aws_credentials *credentials, struct http *http)
{
	struct fail ignored;
	pthread_mutex_lock(&credentials->lock);
	bool there = refresh(credentials, http, &ignored) == 0 &&
		     (credentials->keys.access_key != NULL || credentials->keys.bearer != NULL);
	pthread_mutex_unlock(&credentials->lock);
	return there;
}
