#include "mlflow/page.h"

#include <stdlib.h>

#include "mlflow/call.h"

#define PAGES_MAX 10000

int mlflow_pages(struct mlflow *m, mlflow_page_function *read, void *context, struct fail *f)
{
	char *token = NULL;
	for (int page = 0; page < PAGES_MAX; page++) {
		char *next = NULL;
		int result = read(m, context, token, &next, f);
		bool same = result == 0 && next != NULL && text_equal(next, token);
		free(token);
		token = next;
		if (result != 0 || next == NULL || same) {
			free(token);
			if (same)
				break;
			return result;
		}
	}
	return fail_set(f, STATUS_NOT_A_REGISTRY, "the pages of a list do not end");
}

static int do_write(
	struct mlflow *m, const struct mlflow_write *write, bool gone_is_fine, struct fail *f)
{
	struct mlflow_reply reply;
	int result = mlflow_write(m, write, &reply, f);
	if (result == 0 && !(gone_is_fine && mlflow_is_missing(&reply)))
		result = mlflow_expect(m, &reply, f);
	mlflow_reply_release(&reply);
	return result;
}

int mlflow_do(
	struct mlflow *m, const char *method, const char *path, struct cJSON *body, struct fail *f)
{
	struct mlflow_write write = {.method = method, .path = path, .body = body};
	return do_write(m, &write, false, f);
}

int mlflow_do_gone(
	struct mlflow *m, const char *method, const char *path, struct cJSON *body, struct fail *f)
{
	struct mlflow_write write = {.method = method, .path = path, .body = body};
	return do_write(m, &write, true, f);
}
