#include "mlflow/session.h"

#include <stdlib.h>

static int end_open(struct session *session, struct session_end *end, const char *uri,
	const struct settings *settings, struct deadline deadline, struct fail *f)
{
	end->base = text_copy(uri);
	if (credentials_read(&end->base, &end->credentials, f) != 0)
		return -1;
	if (http_open(&end->http, settings, &end->credentials, deadline, f) != 0)
		return -1;
	end->mlflow = (struct mlflow){
		.http = &end->http,
		.base = end->base,
		.workspace = settings->workspace,
		.plan = settings->plan ? &session->plan : NULL,
	};
	return 0;
}

int session_open(struct session *session, struct settings *settings, struct deadline deadline,
	struct fail *f)
{
	*session = (struct session){0};
	if (settings_need_server(settings, f) != 0)
		return -1;
	if (end_open(session, &session->tracking, settings->tracking_uri, settings, deadline, f) !=
		0)
		return -1;
	session->registry = &session->tracking.mlflow;
	if (!text_equal(settings->registry_uri, settings->tracking_uri)) {
		if (end_open(session, &session->other, settings->registry_uri, settings, deadline,
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
