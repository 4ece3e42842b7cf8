#include "mlflow/page.h"

#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/fail.h"
#include "base/page_tokens.h"
#include "base/text.h"
#include "mlflow/call.h"
#include "mlflow/read.h"
#include "mlflow/reply.h"

int mlflow_pages(struct mlflow *m, const char *path, mlflow_page_function *read, void *context,
	struct fail *f)
{
	struct page_tokens tokens = {0};
	char *token = NULL;
	int result;
	do {
		char *next = NULL;
		bool added = false;
		result = read(m, context, token, &next, &added, f);
		free(token);
		token = next;
		if (result == 0 && token != NULL &&
			page_tokens_follow(&tokens, token, added, f) != 0)
			result = fail_wrap(f, "%s", path);
	} while (result == 0 && token != NULL);
	free(token);
	page_tokens_release(&tokens);
	return result;
}

int mlflow_check_named(const char *what, const char *answered, const char *asked, struct fail *f)
{
	char shown[80], wanted[80];
	if (answered[0] == '\0' || text_equal(answered, asked))
		return 0;
	return fail_set(f, STATUS_NOT_A_REGISTRY, "asked for %s \"%s\", the answer has \"%s\"",
		what, escape_into(wanted, sizeof(wanted), asked, strlen(asked)),
		escape_into(shown, sizeof(shown), answered, strlen(answered)));
}

/* supported: NULL where every server has the call */
static int do_write(struct mlflow *m, const struct mlflow_write *write, bool gone_is_fine,
	bool *supported, struct fail *f)
{
	struct mlflow_reply reply;
	int result = mlflow_write(m, write, &reply, f);
	bool has = result == 0 && (supported == NULL || !mlflow_is_unsupported(&reply));
	if (has && !(gone_is_fine && mlflow_is_missing(&reply)))
		result = mlflow_expect(m, &reply, f);
	mlflow_reply_release(&reply);
	if (supported != NULL)
		*supported = has;
	return result;
}

int mlflow_do(
	struct mlflow *m, const char *method, const char *path, struct cJSON *body, struct fail *f)
{
	struct mlflow_write write = {.method = method, .path = path, .body = body};
	return do_write(m, &write, false, NULL, f);
}

int mlflow_do_gone(
	struct mlflow *m, const char *method, const char *path, struct cJSON *body, struct fail *f)
{
	struct mlflow_write write = {.method = method, .path = path, .body = body};
	return do_write(m, &write, true, NULL, f);
}

int mlflow_try(struct mlflow *m, const char *method, const char *path, struct cJSON *body,
	bool *supported, struct fail *f)
{
	struct mlflow_write write = {.method = method, .path = path, .body = body};
	return do_write(m, &write, false, supported, f);
}

int mlflow_try_gone(struct mlflow *m, const char *method, const char *path, struct cJSON *body,
	bool *supported, struct fail *f)
{
	struct mlflow_write write = {.method = method, .path = path, .body = body};
	return do_write(m, &write, true, supported, f);
}

int mlflow_take_artifacts(struct mlflow *m, const struct mlflow_reply *reply,
	struct artifact_reading *reading, struct fail *f)
{
	if (mlflow_is_missing(reply))
		return 0;
	if (mlflow_expect_done(m, reply, f) != 0)
		return -1;
	return artifact_reading_end(reading, f);
}
