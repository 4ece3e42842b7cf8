/* Triton: its repository index tells the versions that it has loaded, and their states; which of
 * them answers a request that names none, its answer tells. */
#include "base/text.h"
#include "served/number.h"
#include "served/servers.h"

static void question(const struct served *served, const struct served_call *call, struct text *path,
	struct text *body)
{
	(void)served;
	(void)call;
	text_add_string(path, "/v2/repository/index");
	text_add_string(body, "{}");
}

static void read_answer(const struct served *served, const struct deploy_model *model,
	const struct http_response *response, struct served_seen *seen)
{
	struct server_versions versions;
	struct fail f;
	const char *name = served->model != NULL ? served->model : model->name;
	if (server_versions_triton(
		    text_string(&response->body), response->body.size, name, &versions, &f) == 0)
		served_number_judge(served, model, &versions, seen);
	else
		seen->problem = text_copy(f.text);
	server_versions_release(&versions);
}

const struct served_server served_server_triton = {
	.name = "triton",
	.answers_version = true,
	.protocol = GOLDEN_V2,
	.question = question,
	.read = read_answer,
};
