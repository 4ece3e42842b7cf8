#include "flow/connect.h"
#include "base/fail.h"
#include "mlflow/tracking_uri.h"

int connect_session(struct session *session, struct invocation *call, struct fail *f)
{
	struct settings *settings = &call->settings;
	struct session_options options = {
		.mlflow = &settings->mlflow,
		.http = &settings->http,
		.artifacts = &settings->store,
	};
	*session = (struct session){0};
	if (tracking_uri_settle(&settings->mlflow, f) != 0)
		return -1;
	return session_open(session, &options, call->deadline, f);
}
