#include "store/mlflow/direct.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/env.h"
#include "base/fail.h"
#include "base/panic.h"
#include "base/text.h"
#include "http/types.h"
#include "http/url.h"
#include "mlflow/call.h"
#include "mlflow/reply.h"
#include "packaging/json/json.h"
#include "store/mlflow/multipart.h"
#include "store/mlflow/presigned.h"
#include "store/mlflow/proxy.h"

#define PRESIGNED "mlflow-artifacts/presigned"

/* From there on a question to the server costs less than it can save. */
#define READS_MANY 16
#define SIZE_LARGE ((uint64_t)1 << 20)

void proxy_direct_open(struct store *s)
{
	struct proxy *proxy = s->state;
	INVARIANT(pthread_mutex_init(&proxy->lock, NULL) == 0);
	if (env_get(ENV_MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD) != NULL)
		proxy->signs = env_is_true(ENV_MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD)
				       ? PROXY_SIGNS
				       : PROXY_SIGNS_NOT;
}

void proxy_direct_release(struct store *s)
{
	pthread_mutex_destroy(&((struct proxy *)s->state)->lock);
}

void proxy_direct_expect(struct store *s, uint64_t size)
{
	struct proxy *proxy = s->state;
	if (size < SIZE_LARGE)
		return;
	pthread_mutex_lock(&proxy->lock);
	proxy->reads = READS_MANY;
	pthread_mutex_unlock(&proxy->lock);
}

static bool is_worth_asking(struct proxy *proxy)
{
	return !proxy->presigned_only && proxy->signs == PROXY_SIGNS_ASK &&
	       proxy->reads++ >= READS_MANY;
}

/* Once: the other threads wait for the answer. */
static int ask_server(struct store *s, bool *signs, struct fail *f)
{
	struct proxy *proxy = s->state;
	pthread_mutex_lock(&proxy->lock);
	bool asks = is_worth_asking(proxy);
	pthread_mutex_unlock(&proxy->lock);
	int result = asks ? proxy_ask_server(s, f) : 0;
	pthread_mutex_lock(&proxy->lock);
	if (asks && result == 0 && proxy->signs == PROXY_SIGNS_ASK)
		proxy->signs = proxy->can_sign ? PROXY_SIGNS : PROXY_SIGNS_NOT;
	*signs = proxy->signs == PROXY_SIGNS || proxy->presigned_only;
	pthread_mutex_unlock(&proxy->lock);
	return result;
}

/* *packed NULL: it gives none. The caller wipes and frees it. */
static int ask_address(struct store *s, const char *path, char **packed, struct fail *f)
{
	int before;
	const char *root = proxy_below(s, &before);
	char *escaped = http_escape_path(path);
	char *url = text_format("%.*s/" PRESIGNED "%s/%s", before, s->root, root, escaped);
	struct mlflow_reply reply;
	struct http_request request = {
		.method = "GET", .url = url, .is_permanent = proxy_is_500_permanent};
	*packed = NULL;
	int result = mlflow_send(s->mlflow, &request, PRESIGNED, &reply, f);
	if (result == 0 && reply.http.status == 200)
		result = presigned_read(&reply.http.body, "url", packed, f);
	mlflow_reply_release(&reply);
	free(url);
	free(escaped);
	return result;
}

/* Whether the failure says no more than that this way is closed. */
static bool is_worth_another_way(const struct store *s, const struct fail *f)
{
	return !status_is_stop(f->status) && deadline_left(s->mlflow->http->deadline) > 0;
}

static int read_from(struct store *s, const char *packed, const struct http_sink *sink, bool *got,
	struct fail *f)
{
	struct proxy *proxy = s->state;
	struct presigned from;
	presigned_unpack(packed, &from);
	int result = presigned_get(s, &from, sink, proxy->presigned_only ? 0 : 1, got, f);
	if (result == 0)
		return 0;
	*got = false;
	if (proxy->presigned_only || !is_worth_another_way(s, f))
		return -1;
	pthread_mutex_lock(&proxy->lock);
	proxy->signs = PROXY_SIGNS_NOT;
	pthread_mutex_unlock(&proxy->lock);
	return sink->restart != NULL ? sink->restart(sink->context, f) : 0;
}

int proxy_direct_get(
	struct store *s, const char *path, const struct http_sink *sink, bool *got, struct fail *f)
{
	char *packed = NULL;
	bool signs;
	*got = false;
	if (ask_server(s, &signs, f) != 0 || (signs && ask_address(s, path, &packed, f) != 0))
		return -1;
	int result = packed != NULL ? read_from(s, packed, sink, got, f) : 0;
	presigned_drop(packed);
	return result;
}
