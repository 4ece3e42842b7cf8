#include "mlflow/session.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/text.h"
#include "http/http.h"
#include "mlflow/sagemaker.h"

static int read_credentials(struct session_end *end, const char *uri,
	const struct mlflow_options *mlflow, struct fail *f)
{
	struct sagemaker sagemaker = {0};
	struct credentials_options options = {
		.header_file = mlflow->header_file,
		.service_account = mlflow->service_account,
		.has_workspace = mlflow->workspace != NULL,
	};
	if (sagemaker_is(uri)) {
		if (sagemaker_read(uri, &sagemaker, f) != 0)
			return -1;
		options.sagemaker = &sagemaker;
	}
	end->base = text_copy(options.sagemaker != NULL ? sagemaker.base : uri);
	int result = credentials_read(&end->base, &options, &end->credentials, f);
	sagemaker_release(&sagemaker);
	return result;
}

static int end_open(struct session *session, struct session_end *end, const char *uri,
	const struct session_options *options, struct deadline deadline, struct fail *f)
{
	if (read_credentials(end, uri, options->mlflow, f) != 0)
		return -1;
	end->login = credentials_login(&end->credentials);
	if (http_open(&end->http, options->http, &end->login, deadline, f) != 0)
		return -1;
	const char *namespace = end->credentials.workspace;
	end->mlflow = (struct mlflow){
		.http = &end->http,
		.credentials = &end->credentials,
		.base = end->base,
		.workspace =
			options->mlflow->workspace != NULL ? options->mlflow->workspace : namespace,
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
