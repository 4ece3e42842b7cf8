#include "store/mlflow/proxy_store.h"

#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/stop.h"
#include "base/text.h"
#include "http/body.h"
#include "http/types.h"
#include "http/url.h"
#include "mlflow/call.h"
#include "mlflow/page.h"
#include "mlflow/read.h"
#include "mlflow/reply.h"
#include "store/folders.h"
#include "store/mlflow/direct.h"
#include "store/mlflow/multipart.h"
#include "store/mlflow/proxy.h"

#define API "/api/2.0" PROXY_ENDPOINT

#define LARGE ((uint64_t)64 << 10) /* bytes: more than connections keep on their way */
#define NAMED "mlflow-artifacts"   /* what messages call it: the caller names the artifact */

static char *root_of(const char *base, const char *path)
{
	char *escaped = http_escape_path(path + strspn(path, "/"));
	size_t size = strlen(escaped);
	while (size > 0 && escaped[size - 1] == '/')
		escaped[--size] = '\0';
	char *root = text_format("%s" API "/%s", base, escaped);
	free(escaped);
	return root;
}

static int foreign(const char *artifact_uri, struct fail *f)
{
	char *shown = http_url_show(artifact_uri);
	fail_set(f, STATUS_CONFIGURATION,
		"artifacts at %.200s are not on the tracking server: its credentials are not sent "
		"there",
		shown);
	free(shown);
	return -1;
}

/* mlflow-artifacts://host:port/path: MLflow's client asks that host by the scheme of its own URI */
static int open_named_host(struct store *store, const char *uri, struct fail *f)
{
	const char *host = strstr(uri, "://") + 3;
	size_t size = strcspn(host, "/");
	const char *scheme = store->mlflow->base;
	char *there =
		text_format("%.*s://%.*s", (int)strcspn(scheme, ":"), scheme, (int)size, host);
	bool ours = http_url_same_origin(there, store->mlflow->base);
	if (ours)
		store->root = root_of(store->mlflow->base, host + size);
	free(there);
	return ours ? 0 : foreign(uri, f);
}

static int open_url(struct store *store, const char *uri, struct fail *f)
{
	const char *endpoint = strstr(uri, PROXY_ENDPOINT);
	if (!http_url_same_origin(uri, store->mlflow->base) || strchr(uri, '@') != NULL)
		return foreign(uri, f);
	if (endpoint == NULL || strpbrk(uri, "?#") != NULL)
		return fail_set(f, STATUS_CONFIGURATION,
			"the artifact URL is not one of the server's own (…" API "/…)");
	store->root = text_copy(uri);
	for (size_t size = strlen(uri); size > 0 && store->root[size - 1] == '/';)
		store->root[--size] = '\0';
	return 0;
}

static int open_by_uri(struct store *store, const char *artifact_uri, struct fail *f)
{
	if (text_starts_with(artifact_uri, "http"))
		return open_url(store, artifact_uri, f);
	const char *path = strchr(artifact_uri, ':') + 1;
	if (text_starts_with(path, "//") && path[2] != '/')
		return open_named_host(store, artifact_uri, f);
	store->root = root_of(store->mlflow->base, path);
	return 0;
}

static void proxy_release(struct store *store)
{
	proxy_direct_release(store);
	free(store->state);
}

int store_proxy_open(struct store *store, const char *artifact_uri, struct fail *f)
{
	store->state = memory_get(1, sizeof(struct proxy));
	proxy_direct_open(store);
	return open_by_uri(store, artifact_uri, f) == 0 ? proxy_parts_open(store, f) : -1;
}

static char *url_of(const struct store *s, const char *path)
{
	char *escaped = http_escape_path(path);
	char *url = text_format("%s/%s", s->root, escaped);
	free(escaped);
	return url;
}

static char *proxy_show(const struct store *s, const char *path)
{
	char *url = url_of(s, path);
	char *shown = text_copy(strstr(url, PROXY_ENDPOINT) + 1);
	free(url);
	return shown;
}

/* *refused: the server takes presigned uploads alone */
static int put_through_server(struct store *s, const struct store_content *content,
	const struct http_body *body, bool *refused, struct fail *f)
{
	char *url = url_of(s, content->path);
	struct mlflow_reply reply;
	struct http_request request = {
		.method = "PUT",
		.url = url,
		.content_type = "application/octet-stream",
		.body = *body,
	};
	int result = mlflow_send(s->mlflow, &request, NAMED, &reply, f);
	*refused = result == 0 && mlflow_wants_presigned(&reply.http);
	if (result == 0 && !*refused)
		result = mlflow_expect_done(s->mlflow, &reply, f);
	mlflow_reply_release(&reply);
	free(url);
	proxy_direct_expect(s, content->size);
	return result;
}

static int proxy_put(struct store *s, const struct store_content *content,
	const struct http_body *body, bool *verified, struct fail *f)
{
	struct proxy *proxy = s->state;
	bool refused = false;
	if (proxy_check_name(content->path, f) != 0)
		return -1;
	/* a refusal of a large file cuts it off, and is not always read */
	if (content->size >= LARGE && !proxy->presigned_only && proxy_ask_server(s, f) != 0)
		return -1;
	if (!proxy->presigned_only) {
		if (put_through_server(s, content, body, &refused, f) != 0)
			return -1;
		if (!refused)
			return 0;
		proxy->presigned_only = true;
		if (http_body_rewind(body, f) != 0)
			return -1;
	}
	return proxy_put_presigned(s, content, body, verified, f);
}

static int proxy_remove(struct store *s, const char *path, struct fail *f)
{
	if (proxy_check_name(path, f) != 0)
		return -1;
	char *url = url_of(s, path);
	struct mlflow_reply reply;
	struct http_request request = {
		.method = "DELETE", .url = url, .is_permanent = proxy_is_500_permanent};
	int result = mlflow_send(s->mlflow, &request, NAMED, &reply, f);
	if (result == 0 && reply.http.status != 404)
		result = mlflow_expect_done(s->mlflow, &reply, f);
	mlflow_reply_release(&reply);
	free(url);
	return result;
}

/* Listing. The path to list goes into the query as it stands in the root: what the escape keeps is
 * fine in both. */

static int list_folder(
	struct store *s, const char *folder, const struct entry_taker *taker, struct fail *f)
{
	struct artifact_reading reading;
	int before;
	const char *path = proxy_below(s, &before);
	char *escaped = http_escape_path(folder);
	char *url = text_format("%.*s" PROXY_ENDPOINT "?path=%s%s%s", before, s->root,
		path + strspn(path, "/"), folder[0] != '\0' ? "/" : "", escaped);
	struct mlflow_reply reply;
	struct http_request request = {.method = "GET", .url = url, .sink = &reading.sink};
	artifact_reading_open(&reading, "", taker);
	int result = mlflow_send(s->mlflow, &request, NAMED, &reply, f);
	if (result == 0)
		result = mlflow_take_artifacts(s->mlflow, &reply, &reading, f);
	artifact_reading_release(&reading);
	mlflow_reply_release(&reply);
	free(escaped);
	free(url);
	return result;
}

static int proxy_list(
	struct store *s, const char *folder, struct store_listing *listing, struct fail *f)
{
	return folders_list(s, list_folder, folder, listing, f);
}

/* Reading. A server in front of an object store answers 500 for what is not there, as it does when
 * it is broken: the list of the folder tells the two apart before anything is repeated. */

struct search {
	const char *name;
	bool found;
};

static int take_searched(void *context, const struct entry *entry, struct fail *f)
{
	struct search *search = context;
	search->found = search->found || strcmp(entry->name, search->name) == 0;
	return stop_or_late(f);
}

static void forget_searched(void *context)
{
	struct search *search = context;
	search->found = false;
}

static int is_listed(struct store *s, const char *path, bool *listed, struct fail *f)
{
	const char *slash = strrchr(path, '/');
	char *folder = text_format("%.*s", slash != NULL ? (int)(slash - path) : 0, path);
	struct search search = {.name = slash != NULL ? slash + 1 : path};
	struct entry_taker taker = {take_searched, forget_searched, &search};
	int result = list_folder(s, folder, &taker, f);
	*listed = result == 0 && search.found;
	free(folder);
	return result;
}

static int get_once(struct store *s, const char *url, const struct http_sink *sink,
	bool (*is_permanent)(const struct http_response *), long *status, struct fail *f)
{
	struct proxy *proxy = s->state;
	struct mlflow_reply reply;
	struct http_request request = {
		.method = "GET", .url = url, .sink = sink, .is_permanent = is_permanent};
	int result = mlflow_send(s->mlflow, &request, NAMED, &reply, f);
	*status = reply.http.status;
	proxy->presigned_only = proxy->presigned_only || mlflow_wants_presigned(&reply.http);
	bool is_answer = *status == 404 ||
			 (*status == 500 && is_permanent == proxy_is_500_permanent) ||
			 (*status == 403 && proxy->presigned_only);
	/* An artifact may well be HTML: any success is one. */
	if (result == 0 && !is_answer && (*status < 200 || *status > 299))
		result = mlflow_expect_done(s->mlflow, &reply, f);
	mlflow_reply_release(&reply);
	return result;
}

static int get_through_server(struct store *s, const char *path, const struct http_sink *sink,
	bool *found, struct fail *f)
{
	long status;
	bool listed = false;
	char *url = url_of(s, path);
	int result = get_once(s, url, sink, proxy_is_500_permanent, &status, f);
	if (result == 0 && status == 500)
		result = is_listed(s, path, &listed, f);
	if (result == 0 && listed && sink->restart != NULL)
		result = sink->restart(sink->context, f);
	if (result == 0 && listed)
		result = get_once(s, url, sink, NULL, &status, f);
	*found = result == 0 && status >= 200 && status <= 299;
	free(url);
	return result;
}

static int proxy_get(struct store *s, const char *path, const struct http_sink *sink, bool *found,
	struct fail *f)
{
	const struct proxy *proxy = s->state;
	bool was_known = proxy->presigned_only, listed;
	if (proxy_check_name(path, f) != 0 || proxy_direct_get(s, path, sink, found, f) != 0)
		return -1;
	if (!*found && !proxy->presigned_only && get_through_server(s, path, sink, found, f) != 0)
		return -1;
	if (*found || !proxy->presigned_only)
		return 0;
	if (!was_known)
		return proxy_get(s, path, sink, found, f);
	if (is_listed(s, path, &listed, f) != 0)
		return -1;
	return listed ? fail_set(f, STATUS_REFUSED,
				"the MLflow server gives artifacts by presigned URL alone, and "
				"signs none for this one")
		      : 0;
}

const struct store_kind store_proxy = {
	.scheme = "mlflow-artifacts",
	.list = proxy_list,
	.put = proxy_put,
	.get = proxy_get,
	.remove = proxy_remove,
	.show = proxy_show,
	.release = proxy_release,
	.at_once = 8,		     /* twice as many as its workers, four unless told otherwise */
	.part_min = (size_t)5 << 20, /* where its own store is S3 */
	.parts_max = 4000,	     /* all their addresses come in one answer */
	.parts_get_lost = true,
	.begin = proxy_begin,
	.put_part = proxy_put_part,
	.finish = proxy_finish,
	.abandon = proxy_abandon,
	.has_another_way = proxy_has_another_way,
	.sweep = proxy_sweep,
};
