#include "stores/open.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/escape.h"
#include "base/memory.h"
#include "base/text.h"
#include "http/http.h"
#include "http/types.h"
#include "http/url.h"
#include "mlflow/call.h"
#include "mlflow/mlflow.h"
#include "store/azure/call.h"
#include "store/azure/store.h"
#include "store/file/store.h"
#include "store/gs/call.h"
#include "store/gs/store.h"
#include "store/hdfs/call.h"
#include "store/hdfs/store.h"
#include "store/mlflow/presigned_store.h"
#include "store/mlflow/proxy_store.h"
#include "store/s3/open.h"
#include "store/s3/store.h"

/* open: sets root and state, and another kind where that serves the place better; it may send
 * requests */
static const struct {
	const char *scheme;
	const struct store_kind *kind;
	int (*open)(struct store *store, const char *artifact_uri, struct fail *f);
	bool is_mlflow; /* the server itself: its connections and its credentials */
} schemes[] = {
	{"mlflow-artifacts", &store_proxy, store_proxy_open, true},
	{"http", &store_proxy, store_proxy_open, true},
	{"https", &store_proxy, store_proxy_open, true},
	{"abfss", &store_azure, azure_open, false},
	{"gs", &store_gs, gs_open, false},
	{"s3", &store_s3, presigned_or_s3_open, false},
	{"s3a", &store_s3, s3_open, false}, /* Hadoop's name for it */
	{"hdfs", &store_hdfs, hdfs_open, false},
	{"webhdfs", &store_hdfs, hdfs_open, false},
	{"swebhdfs", &store_hdfs, hdfs_open, false},
	{"file", &store_file, store_file_open, false},
	{"wasbs", &store_azure, azure_open, false},
};

#define SCHEMES (sizeof(schemes) / sizeof(schemes[0]))

static int no_such_scheme(const char *uri, bool apart, struct fail *f)
{
	char shown[160];
	escape_into(shown, sizeof(shown), uri, strcspn(uri, "?#@"));
	fail_set(f, STATUS_CONFIGURATION, "%s at %s: no store here serves that scheme",
		apart ? "a store" : "artifacts", shown);
	if (apart)
		return -1;
	return fail_hint(f, "start the MLflow server with --artifacts-destination, so that it "
			    "passes artifacts on (mlflow-artifacts:)");
}

/* A path without a scheme is one of this machine. */
static size_t find_scheme(const char *uri)
{
	const char *name = uri[0] == '/' ? "file" : uri;
	size_t size = strcspn(name, ":");
	if (name == uri && uri[size] != ':')
		return SCHEMES;
	for (size_t i = 0; i < SCHEMES; i++)
		if (strlen(schemes[i].scheme) == size &&
			strncmp(schemes[i].scheme, name, size) == 0)
			return i;
	return SCHEMES;
}

/* "%2e" is a dot to most servers. */
static bool is_dots(const char *part, size_t size)
{
	size_t dots = 0;
	for (size_t at = 0; at < size; dots++) {
		bool escaped = size - at >= 3 && strncasecmp(part + at, "%2e", 3) == 0;
		if (!escaped && part[at] != '.')
			return false;
		at += escaped ? 3 : 1;
	}
	return dots == 1 || dots == 2;
}

static int refuse_dots(const char *uri, struct fail *f)
{
	char shown[160];
	for (const char *part = strchr(uri, '/'); part != NULL; part = strchr(part, '/')) {
		size_t size = strcspn(++part, "/?#");
		if (is_dots(part, size))
			return fail_set(f, STATUS_REFUSED,
				"artifacts at %s: the path has a part \"%.*s\"",
				escape_into(shown, sizeof(shown), uri, strcspn(uri, "?#@")),
				(int)size, part);
	}
	return 0;
}

static int open_by_scheme(struct store *store, const struct http_options *options,
	struct deadline deadline, const char *uri, struct fail *f)
{
	size_t i = find_scheme(uri);
	bool apart = store->mlflow == NULL;
	if (i == SCHEMES || (apart && schemes[i].is_mlflow))
		return no_such_scheme(uri, apart, f);
	if (!apart && refuse_dots(uri, f) != 0)
		return -1;
	store->kind = schemes[i].kind;
	if (schemes[i].is_mlflow) {
		store->http = store->mlflow->http;
		return schemes[i].open(store, uri, f);
	}
	if (http_open(&store->own_http, options, NULL, deadline, f) != 0)
		return -1;
	store->own_http.trust = (struct http_trust){0}; /* MLflow's is for MLflow */
	store->http = &store->own_http;
	return schemes[i].open(store, uri, f);
}

static int open_of_mlflow(struct store *store, struct mlflow *mlflow, const struct run *run,
	const char *uri, bool is_location, struct fail *f)
{
	*store = (struct store){
		.mlflow = mlflow,
		.run = run,
		.plan = mlflow->plan,
		.options = mlflow->artifacts,
		.is_location = is_location,
		.is_near = http_url_is_loopback(mlflow->base),
	};
	return open_by_scheme(store, mlflow->http->options, mlflow->http->deadline, uri, f);
}

int store_open(struct store *store, struct mlflow *mlflow, const struct run *run,
	const char *artifact_uri, struct fail *f)
{
	return open_of_mlflow(store, mlflow, run, artifact_uri, false, f);
}

int store_open_location(struct store *store, struct mlflow *mlflow, const struct run *run,
	const char *location, struct fail *f)
{
	return open_of_mlflow(store, mlflow, run, location, true, f);
}

int store_open_apart(
	struct store *store, const struct store_reach *reach, const char *uri, struct fail *f)
{
	*store = (struct store){.options = reach->store};
	return open_by_scheme(store, reach->http, reach->deadline, uri, f);
}

int store_open_worker(
	const struct store *store, struct http_engine *engine, struct store *worker, struct fail *f)
{
	*worker = *store;
	worker->is_worker = true;
	worker->root = text_copy(store->root);
	worker->own_http = worker->beyond = (struct http){0};
	worker->own_mlflow = NULL;
	if (http_open_beside(store->http, engine, &worker->own_http, f) != 0)
		return -1;
	worker->own_http.send_rate = store->options->limit_rate;
	worker->http = &worker->own_http;
	if (store->mlflow != NULL) {
		worker->own_mlflow = memory_get(1, sizeof(*worker->own_mlflow));
		*worker->own_mlflow = mlflow_beside(store->mlflow, worker->http);
		worker->mlflow = worker->own_mlflow;
	}
	return 0;
}
