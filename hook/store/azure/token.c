#include "store/azure/token.h"

#include <stdlib.h>
#include <string.h>

#include "auth/fetch.h"
#include "base/env.h"
#include "base/fail.h"
#include "base/text.h"
#include "http/response.h"
#include "http/types.h"
#include "http/url.h"

#define RESOURCE "https%3A%2F%2Fstorage.azure.com%2F"
#define SCOPE RESOURCE ".default"
#define ASSERTION_TYPE "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"

enum source { CLIENT_SECRET, WORKLOAD, APP_SERVICE, MACHINE };

static enum source find_source(void)
{
	bool client = env_get(ENV_AZURE_TENANT_ID) != NULL && env_get(ENV_AZURE_CLIENT_ID) != NULL;
	if (client && env_get(ENV_AZURE_CLIENT_SECRET) != NULL)
		return CLIENT_SECRET;
	if (client && env_get(ENV_AZURE_FEDERATED_TOKEN_FILE) != NULL)
		return WORKLOAD;
	if (env_get(ENV_IDENTITY_ENDPOINT) != NULL && env_get(ENV_IDENTITY_HEADER) != NULL)
		return APP_SERVICE;
	return MACHINE;
}

const char *azure_token_from(void)
{
	static const char *const names[] = {
		[CLIENT_SECRET] = "the client of AZURE_CLIENT_SECRET",
		[WORKLOAD] = "the workload identity of AZURE_FEDERATED_TOKEN_FILE",
		[APP_SERVICE] = "the managed identity of the App Service",
		[MACHINE] = "the managed identity of the machine",
	};
	return names[find_source()];
}

/* What proves who the client is; a secret. */
static char *read_credential(enum source source, struct fail *f)
{
	const char *secret = env_get(ENV_AZURE_CLIENT_SECRET);
	const char *file = env_get(ENV_AZURE_FEDERATED_TOKEN_FILE);
	char *credential = source == CLIENT_SECRET ? text_copy(secret) : fetch_read_file(file, f);
	if (credential == NULL)
		return NULL;
	char *escaped = http_escape_query(credential);
	char *form = source == CLIENT_SECRET
			     ? text_format("client_secret=%s", escaped)
			     : text_format("client_assertion_type=%s&client_assertion=%s",
				       ASSERTION_TYPE, escaped);
	fetch_wipe(&credential);
	fetch_wipe(&escaped);
	return form;
}

static char *authority_url(void)
{
	const char *named = env_get(ENV_AZURE_AUTHORITY_HOST);
	const char *host = named != NULL ? named : "https://login.microsoftonline.com";
	const char *scheme = strstr(host, "://") != NULL ? "" : "https://";
	char *tenant = http_escape_query(env_get(ENV_AZURE_TENANT_ID));
	size_t size = strlen(host);
	while (size > 0 && host[size - 1] == '/')
		size--;
	char *url = text_format("%s%.*s/%s/oauth2/v2.0/token", scheme, (int)size, host, tenant);
	free(tenant);
	return url;
}

static int ask_authority(
	const struct http *like, enum source source, struct bearer *bearer, struct fail *f)
{
	struct fetch fetch;
	struct http_response response;
	char *credential = read_credential(source, f), *url = authority_url();
	int result = credential != NULL ? 0 : -1;
	if (result == 0 && !fetch_may_see_secrets(url))
		result = fail_set(
			f, STATUS_CONFIGURATION, "AZURE_AUTHORITY_HOST is no https:// address");
	if (result == 0)
		result = fetch_open(&fetch, like, false, f);
	if (result == 0) {
		char *client = http_escape_query(env_get(ENV_AZURE_CLIENT_ID));
		char *form = text_format("grant_type=client_credentials&client_id=%s&scope=%s&%s",
			client, SCOPE, credential);
		result = fetch_post_form(&fetch, url, form, &response, f);
		if (result == 0)
			result = bearer_read(&response, bearer, f);
		http_response_release(&response);
		fetch_release(&fetch);
		fetch_wipe(&form);
		free(client);
	}
	fetch_wipe(&credential);
	free(url);
	return result;
}

/* The managed identity's endpoint, and the header that proves that the question comes from here. */
static char *identity_url(enum source source, char **header)
{
	const char *client = env_get(ENV_AZURE_CLIENT_ID);
	const char *pod = env_get(ENV_AZURE_POD_IDENTITY_AUTHORITY_HOST);
	char *id = http_escape_query(client != NULL ? client : "");
	char *chosen = client != NULL ? text_format("&client_id=%s", id) : text_copy("");
	char *url;
	if (source == APP_SERVICE) {
		*header = text_format("X-IDENTITY-HEADER: %s", env_get(ENV_IDENTITY_HEADER));
		url = text_format("%s?api-version=2019-08-01&resource=%s%s",
			env_get(ENV_IDENTITY_ENDPOINT), RESOURCE, chosen);
	} else {
		*header = text_copy("Metadata: true");
		url = text_format("%s/metadata/identity/oauth2/token?api-version=2018-02-01"
				  "&resource=%s%s",
			pod != NULL ? pod : "http://169.254.169.254", RESOURCE, chosen);
	}
	free(id);
	free(chosen);
	return url;
}

static int ask_identity(
	const struct http *like, enum source source, struct bearer *bearer, struct fail *f)
{
	struct fetch fetch;
	struct http_response response;
	struct fail ignored;
	char *header;
	if (fetch_open(&fetch, like, true, f) != 0)
		return -1;
	char *url = identity_url(source, &header);
	int result = fetch_ask(&fetch, "GET", url, header, &response, &ignored);
	if (result == 0)
		result = bearer_read(&response, bearer, f);
	else
		fail_set(f, STATUS_DENIED, "no credentials for Azure Storage were found");
	if (result != 0)
		fail_hint(f, "looked at AZURE_STORAGE_CONNECTION_STRING, _ACCESS_KEY, _SAS_TOKEN, "
			     "AZURE_CLIENT_ID with a secret or a token file, and the managed "
			     "identity");
	http_response_release(&response);
	fetch_release(&fetch);
	fetch_wipe(&header);
	free(url);
	return result;
}

int azure_token_fetch(const struct http *like, struct bearer *bearer, struct fail *f)
{
	enum source source = find_source();
	int result = source == CLIENT_SECRET || source == WORKLOAD
			     ? ask_authority(like, source, bearer, f)
			     : ask_identity(like, source, bearer, f);
	return result == 0 ? 0 : fail_wrap(f, "token of %s", azure_token_from());
}
