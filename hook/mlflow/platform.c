#include "mlflow/platform.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "http/url.h"

static const struct platform gitlab = {"GitLab",
	"GitLab's MLflow API has no stages and no aliases, and ignores source and run_id of a "
	"version: a model cannot be promoted there",
	"a GitLab access token with the scope api in MLFLOW_TRACKING_TOKEN"};
static const struct platform dagshub = {"DagsHub",
	"DagsHub serves MLflow tracking, and may answer 404 to calls of the model registry: then "
	"set MLFLOW_REGISTRY_URI to a server that has one",
	"a DagsHub user and token in MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"};
static const struct platform databricks = {"Databricks",
	"Databricks keeps artifacts in dbfs:/ and models in Unity Catalog, which this program "
	"cannot write: promote there with MLflow's Python client",
	"a Databricks access token in MLFLOW_TRACKING_TOKEN"};
static const struct platform azure = {"Azure ML",
	"Azure ML keeps artifacts at azureml:// addresses, which this program cannot write: "
	"promote "
	"there with MLflow's Python client and azureml-mlflow",
	"a Microsoft Entra access token in MLFLOW_TRACKING_TOKEN"};

static const struct {
	const char *host; /* how the host ends; NULL: any */
	const char *path; /* what the URL holds behind the host */
	const struct platform *platform;
} rows[] = {
	{".azuredatabricks.net", "", &databricks},
	{".databricks.azure.cn", "", &databricks},
	{".databricks.azure.us", "", &databricks},
	{".cloud.databricks.com", "", &databricks},
	{".cloud.databricks.us", "", &databricks},
	{".gcp.databricks.com", "", &databricks},
	{".api.azureml.ms", "", &azure},
	{"dagshub.com", ".mlflow", &dagshub},
	{NULL, "/ml/mlflow", &gitlab},
};

static bool is_of(const char *host, const char *path, size_t row)
{
	const char *end = rows[row].host;
	if (strstr(path, rows[row].path) == NULL)
		return false;
	if (end != NULL)
		return text_ends_with(host, end);
	return strstr(path, "/api/v4/projects/") != NULL;
}

const struct platform *platform_of(const char *url)
{
	const struct platform *found = NULL;
	char *host = http_url_host(url);
	const char *authority = strstr(url, "://");
	const char *path = authority != NULL ? strchr(authority + 3, '/') : NULL;
	for (size_t i = 0; host != NULL && found == NULL && i < sizeof(rows) / sizeof(rows[0]); i++)
		if (is_of(host, path != NULL ? path : "", i))
			found = rows[i].platform;
	free(host);
	return found;
}
