#include "auth/google_credentials.h"

#include <stdlib.h>
#include <string.h>

#include "auth/fetch.h"
#include "auth/metadata_token.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/text.h"
#include "http/response.h"
#include "http/types.h"

#define NAMED "GOOGLE_APPLICATION_CREDENTIALS"

/* The file that is there, or NULL */
static char *find_file(void)
{
	const char *named = env_get(ENV_GOOGLE_APPLICATION_CREDENTIALS),
		   *folder = env_get(ENV_CLOUDSDK_CONFIG);
	const char *home = env_home();
	if (named != NULL)
		return text_copy(named);
	char *gcloud = folder != NULL ? text_copy(folder)
				      : text_format("%s/.config/gcloud", home != NULL ? home : "");
	char *file = file_join(gcloud, "application_default_credentials.json");
	free(gcloud);
	if (file_is_there(file))
		return file;
	free(file);
	return NULL;
}

static int read_file(struct google_credentials *credentials, struct fail *f)
{
	char *text = fetch_read_file(credentials->file, f);
	if (text == NULL) {
		f->status = STATUS_CONFIGURATION;
		return -1;
	}
	int result = google_key_parse(text, strlen(text), &credentials->key, f);
	fetch_wipe(&text);
	return result == 0 ? 0 : fail_wrap(f, "%s", credentials->file);
}

int google_credentials_open(struct google_credentials *credentials, bool anonymous, struct fail *f)
{
	*credentials = (struct google_credentials){.anonymous = anonymous};
	bearer_keeper_open(&credentials->keeper);
	credentials->file = anonymous ? NULL : find_file();
	if (credentials->file == NULL || read_file(credentials, f) == 0)
		return 0;
	return fail_wrap(f, "Google's credentials");
}

void google_credentials_release(struct google_credentials *credentials)
{
	bearer_keeper_release(&credentials->keeper);
	google_key_release(&credentials->key);
	free(credentials->file);
}

const char *google_credentials_from(const struct google_credentials *credentials)
{
	return credentials->file != NULL ? credentials->file : METADATA_TOKEN_FROM;
}

struct asker {
	const struct google_credentials *credentials;
	const struct http *http;
};

static int fetch_by_key(const struct asker *asker, struct bearer *bearer, struct fail *f)
{
	const struct google_key *key = &asker->credentials->key;
	struct http_response response;
	struct fetch fetch;
	char *form;
	if (google_key_form(key, clock_now_ms(), &form, f) != 0)
		return fail_wrap(f, "%s", asker->credentials->file);
	int result = fetch_open(&fetch, asker->http, false, f);
	if (result == 0) {
		result = fetch_post_form(&fetch, key->token_uri, form, &response, f);
		if (result == 0)
			result = bearer_read(&response, bearer, f);
		if (response.body.data != NULL)
			explicit_bzero(response.body.data, response.body.size);
		http_response_release(&response);
		fetch_release(&fetch);
	}
	fetch_wipe(&form);
	if (result == 0)
		return 0;
	fail_wrap(f, "token for %.100s", key->email != NULL ? key->email : "the login of gcloud");
	return f->status == STATUS_DENIED
		       ? fail_hint(f, "is %.150s still valid?", asker->credentials->file)
		       : -1;
}

static int fetch_token(void *context, struct bearer *bearer, struct fail *f)
{
	const struct asker *asker = context;
	bool found;
	if (asker->credentials->file != NULL)
		return fetch_by_key(asker, bearer, f);
	if (metadata_token_fetch(asker->http, bearer, &found, f) != 0)
		return -1;
	if (found)
		return 0;
	fail_set(f, STATUS_DENIED, "no credentials for Google Cloud Storage were found");
	return fail_hint(f, "looked at GOOGLE_APPLICATION_CREDENTIALS, gcloud's application "
			    "default login and the "
			    "machine's metadata service");
}

int google_credentials_get(struct google_credentials *credentials, const struct http *http,
	const char *refused, char **token, struct fail *f)
{
	struct asker asker = {credentials, http};
	*token = NULL;
	if (credentials->anonymous)
		return 0;
	return bearer_keeper_get(&credentials->keeper, refused, fetch_token, &asker, token, f);
}
