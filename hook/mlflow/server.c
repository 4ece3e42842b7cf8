#include "mlflow/server.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/escape.h"
#include "base/text.h"
#include "http/types.h"
#include "mlflow/call.h"
#include "mlflow/read.h"
#include "mlflow/reply.h"

static bool looks_like_version(const struct http_response *response)
{
	const char *body = text_string(&response->body);
	size_t major = strspn(body, "0123456789");
	return response->status == 200 && response->body.size < 64 && major > 0 &&
	       body[major] == '.';
}

/* A Date has whole seconds: half a one is the best guess at the rest. */
static int64_t skew_of(const struct http_response *response)
{
	return response->date_ms > 0 ? response->date_ms + 500 - clock_now_ms() : 0;
}

static int greet_api(struct mlflow *m, int64_t *skew_ms, struct fail *f)
{
	struct mlflow_reply reply;
	int result =
		mlflow_get(m, "registered-models/search", text_copy("max_results=1"), &reply, f);
	if (result == 0) {
		*skew_ms = skew_of(&reply.http);
		result = mlflow_expect(m, &reply, f);
	}
	mlflow_reply_release(&reply);
	return result;
}

int mlflow_greet(struct mlflow *m, char **server, int64_t *skew_ms, struct fail *f)
{
	struct mlflow_reply reply;
	char *url = text_format("%s/version", m->base);
	struct http_request request = {.method = "GET", .url = url};
	*server = NULL;
	*skew_ms = 0;
	int result = mlflow_send(m, &request, "version", &reply, f);
	free(url);
	if (result == 0 && looks_like_version(&reply.http)) {
		const char *body = text_string(&reply.http.body);
		char said[64];
		*server = text_copy(escape_into(said, sizeof(said), body, strcspn(body, "\r\n ")));
		*skew_ms = skew_of(&reply.http);
	} else if (result == 0) {
		*server = text_copy("");
		result = greet_api(m, skew_ms, f);
	}
	mlflow_reply_release(&reply);
	if (result != 0) {
		free(*server);
		*server = NULL;
	}
	return result;
}

int mlflow_has_feature(struct mlflow *m, const char *key, bool *has, struct fail *f)
{
	return mlflow_has_features(m, &key, 1, has, f);
}

int mlflow_has_features(
	struct mlflow *m, const char *const *keys, size_t count, bool *has, struct fail *f)
{
	struct mlflow_reply reply;
	char *url = text_format("%s/api/3.0/mlflow/server-info", m->base);
	struct http_request request = {.method = "GET", .url = url};
	int result = mlflow_send(m, &request, "server-info", &reply, f);
	for (size_t i = 0; i < count; i++)
		has[i] = result == 0 && reply.http.status == 200 &&
			 mlflow_read_yes(&reply.http.body, keys[i]);
	mlflow_reply_release(&reply);
	free(url);
	return result;
}
