/* TensorFlow Serving: GET /v1/models/NAME tells the state of each version that it knows. */
#include <stdlib.h>

#include "base/text.h"
#include "http/url.h"
#include "served/number.h"
#include "served/servers.h"

static void question(const struct served *served, const struct served_call *call, struct text *path,
	struct text *body)
{
	char *name =
		http_escape_query(served->model != NULL ? served->model : call->deploy.model->name);
	(void)body;
	text_printf(path, "/v1/models/%s", name);
	free(name);
}

static void read_answer(const struct served *served, const struct deploy_model *model,
	const struct http_response *response, struct served_seen *seen)
{
	struct server_versions versions;
	struct fail f;
	if (server_versions_tf_serving(
		    text_string(&response->body), response->body.size, &versions, &f) == 0)
		served_number_judge(served, model, &versions, seen);
	else
		seen->problem = text_copy(f.text);
	server_versions_release(&versions);
}

const struct served_server served_server_tensorflow_serving = {
	.name = "tensorflow_serving",
	.protocol = GOLDEN_V1,
	.question = question,
	.read = read_answer,
};
