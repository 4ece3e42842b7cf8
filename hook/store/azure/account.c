#include "store/azure/account.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "auth/fetch.h"
#include "base/fail.h"
#include "http/url.h"

#define SETTING "AZURE_STORAGE_CONNECTION_STRING"

/* What UseDevelopmentStorage=true stands for: Microsoft's emulator, whose key is public. */
#define DEVELOPMENT_NAME "devstoreaccount1"
#define DEVELOPMENT_KEY                                                                            \
	"Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/"               \
	"KBHBeksoGMGw=="
#define DEVELOPMENT_ENDPOINT "http://127.0.0.1:10000/" DEVELOPMENT_NAME

void azure_account_release(struct azure_account *account)
{
	fetch_wipe(&account->key);
	fetch_wipe(&account->sas);
	free(account->container);
	free(account->prefix);
	free(account->name);
	free(account->endpoint);
	*account = (struct azure_account){0};
}

/* ACCOUNT of ACCOUNT.blob.SUFFIX, and where its blobs are served. */
static bool read_host(struct azure_account *account, const char *host, size_t size)
{
	static const char *const suffixes[] = {"core.windows.net", "core.chinacloudapi.cn",
		"core.usgovcloudapi.net", "fabric.microsoft.com"};
	size_t label = strcspn(host, "./");
	const char *rest = host + label;
	bool known = strncmp(rest, ".blob.", 6) == 0 || strncmp(rest, ".dfs.", 5) == 0;
	if (!known || label == 0)
		return false;
	const char *suffix = strchr(rest + 1, '.') + 1;
	size_t left = size - (size_t)(suffix - host);
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		if (strlen(suffixes[i]) != left || strncasecmp(suffixes[i], suffix, left) != 0)
			continue;
		account->name = text_format("%.*s", (int)label, host);
		account->endpoint = text_format("https://%s.blob.%s", account->name, suffixes[i]);
		return true;
	}
	return false;
}

static int read_uri(struct azure_account *account, const char *uri, bool named, struct fail *f)
{
	const char *start = strstr(uri, "://");
	start = start != NULL ? start + 3 : uri;
	const char *at = strchr(start, '@');
	size_t authority = strcspn(start, "/");
	if (at == NULL || at == start || (size_t)(at - start) >= authority ||
		strpbrk(uri, "?#") != NULL || strchr(at + 1, '@') != NULL)
		return fail_set(f, STATUS_CONFIGURATION,
			"%.160s: not wasbs://CONTAINER@ACCOUNT.blob.core.windows.net/PATH", uri);
	size_t host = authority - (size_t)(at + 1 - start);
	if (!read_host(account, at + 1, host) && !named) {
		fail_set(f, STATUS_CONFIGURATION, "%.160s: %.*s is no storage account of Azure",
			uri, (int)host, at + 1);
		return fail_hint(f, "a connection string with BlobEndpoint=... names another one");
	}
	account->container = text_format("%.*s", (int)(at - start), start);
	const char *path = start + authority + strspn(start + authority, "/");
	size_t size = strlen(path);
	while (size > 0 && path[size - 1] == '/')
		size--;
	account->prefix = text_format("%.*s", (int)size, path);
	return 0;
}

/* The value of one "NAME=value" between semicolons, or NULL; the caller frees it. */
static char *part_of(const char *connection, const char *name)
{
	size_t length = strlen(name);
	for (const char *part = connection; *part != '\0'; part += *part == ';') {
		size_t size = strcspn(part, ";");
		if (size > length && part[length] == '=' && strncasecmp(part, name, length) == 0)
			return text_format("%.*s", (int)(size - length - 1), part + length + 1);
		part += size;
	}
	return NULL;
}

static void replace(char **value, char *with)
{
	if (with == NULL)
		return;
	free(*value);
	*value = with;
}

static char *endpoint_of_parts(const char *connection, const char *account)
{
	char *protocol = part_of(connection, "DefaultEndpointsProtocol");
	char *suffix = part_of(connection, "EndpointSuffix");
	char *endpoint = text_format("%s://%s.blob.%s", protocol != NULL ? protocol : "https",
		account, suffix != NULL ? suffix : "core.windows.net");
	free(protocol);
	free(suffix);
	return endpoint;
}

static int read_connection(struct azure_account *account, const char *connection, struct fail *f)
{
	char *development = part_of(connection, "UseDevelopmentStorage");
	bool is_development = development != NULL && strcasecmp(development, "true") == 0;
	free(development);
	if (is_development)
		connection = "AccountName=" DEVELOPMENT_NAME ";AccountKey=" DEVELOPMENT_KEY
			     ";BlobEndpoint=" DEVELOPMENT_ENDPOINT;
	char *name = part_of(connection, "AccountName");
	char *endpoint = part_of(connection, "BlobEndpoint");
	if (endpoint == NULL && name != NULL)
		endpoint = endpoint_of_parts(connection, name);
	account->key = part_of(connection, "AccountKey");
	account->sas = part_of(connection, "SharedAccessSignature");
	replace(&account->name, name);
	replace(&account->endpoint, endpoint);
	if (account->endpoint == NULL)
		return fail_set(f, STATUS_CONFIGURATION,
			SETTING ": neither AccountName nor BlobEndpoint is in it");
	if (account->key != NULL && account->name == NULL)
		return fail_set(
			f, STATUS_CONFIGURATION, SETTING ": AccountKey without AccountName");
	char *origin = http_url_origin(account->endpoint);
	bool usable = origin != NULL && strpbrk(account->endpoint, "?#@") == NULL;
	free(origin);
	for (size_t size = strlen(account->endpoint);
		size > 0 && account->endpoint[size - 1] == '/';)
		account->endpoint[--size] = '\0';
	return usable ? 0
		      : fail_set(f, STATUS_CONFIGURATION,
				SETTING ": its blob endpoint is no address of a server");
}

int azure_account_read(
	const char *uri, const char *connection, struct azure_account *account, struct fail *f)
{
	*account = (struct azure_account){0};
	int result = read_uri(account, uri, connection != NULL, f);
	if (result == 0 && connection != NULL)
		result = read_connection(account, connection, f);
	if (result != 0)
		azure_account_release(account);
	return result;
}
