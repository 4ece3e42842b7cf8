/* MLflow's scoring server says nothing of its model: /version is MLflow's own, /ping an empty line.
 * Golden requests alone prove what it serves. */
#include "base/text.h"
#include "served/servers.h"

static void question(const struct served *served, const struct served_call *call, struct text *path,
	struct text *body)
{
	(void)served;
	(void)call;
	(void)body;
	text_add_string(path, "/ping");
}

static void read_answer(const struct served *served, const struct deploy_model *model,
	const struct http_response *response, struct served_seen *seen)
{
	(void)served;
	(void)model;
	(void)response;
	(void)seen;
}

const struct served_server served_server_mlflow = {
	.name = "mlflow",
	.is_silent = true,
	.needs_golden = true,
	.protocol = GOLDEN_INVOCATIONS,
	.question = question,
	.read = read_answer,
};
