#include "mlflow/tracking_uri.h"

#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/text.h"
#include "http/url.h"
#include "mlflow/options.h"
#include "mlflow/sagemaker.h"

/* What a URI that is no server may be, by how it begins; a database or a folder can be served. */
static const struct {
	const char *start;
	const char *is;
	const char *hint;
} others[] = {
	{"databricks-uc", "Databricks Unity Catalog, which has an API of its own",
		"promote there with MLflow's Python client (aliases)"},
	{"databricks", "Databricks, whose artifacts are in dbfs:/",
		"promote there with MLflow's Python client"},
	{"uc:", "Unity Catalog, which has an API of its own",
		"promote there with MLflow's Python client (aliases)"},
	{"azureml:", "Azure ML, whose artifacts and logins are its own",
		"promote there with MLflow's Python client and azureml-mlflow"},
	{"sqlite:", "a database", NULL},
	{"postgresql", "a database", NULL},
	{"mysql", "a database", NULL},
	{"mssql", "a database", NULL},
	{"file:", "a folder", NULL},
	{"./", "a folder", NULL},
	{"../", "a folder", NULL},
	{"/", "a folder", NULL},
	{"mlruns", "a folder", NULL},
};

/* Neither user information nor a query, escaped and cut short. */
static void show(const char *uri, char *shown, size_t size)
{
	const char *at = strstr(uri, "://") == NULL ? strrchr(uri, '@') : NULL;
	char *whole = http_url_show(at != NULL ? at + 1 : uri);
	escape_into(shown, size, whole, strlen(whole));
	free(whole);
}

/* "127.0.0.1:5000", "mlflow.example": an address without its scheme */
static bool is_bare_address(const char *uri)
{
	size_t host =
		strspn(uri, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.");
	const char *rest = uri + host;
	size_t port = *rest == ':' ? 1 + strspn(rest + 1, "0123456789") : 0;
	bool named = memchr(uri, '.', host) != NULL || strncmp(uri, "localhost", host) == 0;
	return host > 0 && (port > 1 || (port == 0 && named)) &&
	       (rest[port] == '\0' || rest[port] == '/');
}

static int refuse_other(size_t row, const char *uri, const char *variable, struct fail *f)
{
	char shown[120];
	show(uri, shown, sizeof(shown));
	fail_set(f, STATUS_CONFIGURATION, "%s is \"%s\": %s, not an http:// or https:// server",
		variable, shown, others[row].is);
	if (others[row].hint != NULL)
		return fail_hint(f, "%s, or set %s to the URL of an MLflow server",
			others[row].hint, variable);
	return fail_hint(f,
		"serve it (mlflow server --backend-store-uri %s --port 5000) and set %s to "
		"http://127.0.0.1:5000",
		shown, variable);
}

static int refuse(const char *uri, const char *variable, struct fail *f)
{
	char shown[120];
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (text_starts_with(uri, others[i].start))
			return refuse_other(i, uri, variable, f);
	show(uri, shown, sizeof(shown));
	fail_set(f, STATUS_CONFIGURATION, "%s is \"%s\": not an http:// or https:// URL", variable,
		shown);
	if (is_bare_address(uri))
		return fail_hint(f, "did you mean http://%s?", shown);
	return fail_hint(f, "set it to the URL of an MLflow server, such as http://mlflow:5000");
}

/* In place: white space around it, "/#/models/x" of a browser's page, slashes at the end. */
static void tidy(char *uri)
{
	size_t before = strspn(uri, " \t\r\n");
	memmove(uri, uri + before, strlen(uri + before) + 1);
	if (text_starts_with(uri, "http"))
		uri[strcspn(uri, "#")] = '\0';
	size_t size = strlen(uri);
	while (size > 0 && strchr(" \t\r\n/", uri[size - 1]) != NULL)
		uri[--size] = '\0';
}

/* What is wrong with the part between "://" and the path; NULL: nothing that is known here. */
static const char *authority_problem(const char *host)
{
	size_t size = strcspn(host, "/?");
	const char *at = memrchr(host, '@', size);
	size -= at != NULL ? (size_t)(at + 1 - host) : 0;
	host = at != NULL ? at + 1 : host;
	const char *bracket = memrchr(host, ']', size);
	const char *from = bracket != NULL ? bracket : host;
	const char *colon = memchr(from, ':', size - (size_t)(from - host));
	size_t digits = colon != NULL ? strspn(colon + 1, "0123456789") : 0;
	if (size == 0 || colon == host)
		return "names no host";
	if (colon == NULL || (host[0] == '[' && bracket == NULL))
		return NULL;
	if (colon + 1 == host + size)
		return "has a colon and no port behind it";
	return colon + 1 + digits != host + size || strtoul(colon + 1, NULL, 10) - 1 >= 65535
		       ? "names no port from 1 to 65535"
		       : NULL;
}

static int check_url(const char *uri, const char *variable, struct fail *f)
{
	const char *problem = authority_problem(strstr(uri, "://") + 3);
	char *origin = http_url_origin(uri), shown[160];
	for (const char *c = uri; *c != '\0'; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7f)
			problem = "has a blank in it";
	if (problem == NULL && origin == NULL)
		problem = "is not a valid URL";
	free(origin);
	if (problem == NULL)
		return 0;
	show(uri, shown, sizeof(shown));
	fail_set(f, STATUS_CONFIGURATION, "%s: \"%s\" %s", variable, shown, problem);
	return fail_hint(f, "such as https://mlflow.example:5000");
}

static int check(char *uri, const char *variable, struct fail *f)
{
	struct sagemaker sagemaker;
	tidy(uri);
	if (sagemaker_is(uri)) {
		int result = sagemaker_read(uri, &sagemaker, f);
		sagemaker_release(&sagemaker);
		return result;
	}
	if (text_equal(uri, "http:") || text_equal(uri, "https:"))
		return fail_set(
			f, STATUS_CONFIGURATION, "%s: \"%s//\" names no host", variable, uri);
	if (text_starts_with(uri, "http://") || text_starts_with(uri, "https://"))
		return check_url(uri, variable, f);
	return refuse(uri, variable, f);
}

int tracking_uri_settle(struct mlflow_options *options, struct fail *f)
{
	if (options->tracking_uri == NULL) {
		fail_set(f, STATUS_CONFIGURATION, "no MLflow server is set");
		return fail_hint(
			f, "set MLFLOW_TRACKING_URI, or \"tracking_uri\" in modelhook.json");
	}
	if (options->registry_uri == NULL)
		options->registry_uri = text_copy(options->tracking_uri);
	if (check(options->tracking_uri, "MLFLOW_TRACKING_URI", f) != 0)
		return -1;
	return check(options->registry_uri, "MLFLOW_REGISTRY_URI", f);
}
