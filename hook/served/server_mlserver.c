/* MLServer: an inference answer names the version of the model that gave it. Its repository index
 * does not prove anything: it lists the version that lies on its disk, READY for whatever is
 * loaded. So the first golden request is asked. */
#include <stdlib.h>

#include "base/text.h"
#include "http/url.h"
#include "packaging/golden/golden.h"
#include "served/golden.h"
#include "served/number.h"
#include "served/servers.h"

static void question(const struct served *served, const struct served_call *call, struct text *path,
	struct text *body)
{
	const struct served_golden v2 = {.protocol = GOLDEN_V2};
	struct golden_request request;
	struct fail ignored;
	char *name =
		http_escape_query(served->model != NULL ? served->model : call->deploy.model->name);
	text_printf(path, "/v2/models/%s/infer", name);
	free(name);
	if (call->golden != NULL && golden_request(call->golden, 0, &request, &ignored) == 0) {
		served_golden_body(&v2, &request, body);
		golden_request_release(&request);
	}
}

static void read_answer(const struct served *served, const struct deploy_model *model,
	const struct http_response *response, struct served_seen *seen)
{
	seen->said = server_versions_answered(text_string(&response->body), response->body.size);
	seen->problem = served_number_problem(served, model, seen->said);
}

const struct served_server served_server_mlserver = {
	.name = "mlserver",
	.needs_golden = true,
	.answers_version = true,
	.protocol = GOLDEN_V2,
	.question = question,
	.read = read_answer,
};
