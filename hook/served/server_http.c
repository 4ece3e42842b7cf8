/* A service of one's own, that says what it serves: a GET of its URL. */
#include "served/identity.h"
#include "served/servers.h"

static void question(const struct served *served, const struct served_call *call, struct text *path,
	struct text *body)
{
	(void)served;
	(void)call;
	(void)path;
	(void)body;
}

static void read_answer(const struct served *served, const struct deploy_model *model,
	const struct http_response *response, struct served_seen *seen)
{
	served_identity_judge(served, model, served_identity_read(served, response), seen);
}

const struct served_server served_server_http = {
	.name = "http",
	.is_plain = true,
	.protocol = GOLDEN_INVOCATIONS,
	.question = question,
	.read = read_answer,
};
