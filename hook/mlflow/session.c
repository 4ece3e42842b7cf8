#include "mlflow/session.h"

#include <stdlib.h>

static int end_open(struct session *session, struct session_end *end, const char *uri,
	const struct session_options *options, struct deadline deadline, struct fail *f)
{
	end->base = text_copy(uri);
	if (credentials_read(&end->base, &end->credentials, f) != 0)
		return -1;
	if (http_open(&end->http, options->http, &end->credentials, deadline, f) != 0)
		return -1;
	end->mlflow = (struct mlflow){
		.http = &end->http,
		.base = end->base,
		.workspace = options->mlflow->workspace,
		.plan = options->mlflow->plan ? &session->plan : NULL,
		.artifacts = options->artifacts,
	};
	return 0;
}

int session_open(struct session *session, const struct session_options *options,
	struct deadline deadline, struct fail *f)
{
	const struct mlflow_options *mlflow = options->mlflow;
	*session = (struct session){0};
	if (end_open(session, &session->tracking, mlflow->tracking_uri, options, deadline, f) != 0)
		return -1;
	session->registry = &session->tracking.mlflow;
	if (!text_equal(mlflow->registry_uri, mlflow->tracking_uri)) {
		if (end_open(session, &session->other, mlflow->registry_uri, options, deadline,
			    f) != 0)
			return -1;
		session->registry = &session->other.mlflow;
	}
	return 0;
}

static void end_release(struct session_end *end)
{
	http_release(&end->http);
	credentials_release(&end->credentials);
	free(end->base);
	*end = (struct session_end){0};
}

void session_release(struct session *session)
{
	end_release(&session->tracking);
	end_release(&session->other);
	text_release(&session->plan.calls);
	*session = (struct session){0};
}
