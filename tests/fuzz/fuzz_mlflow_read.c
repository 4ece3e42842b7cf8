/* Fuzzes the readers of a server's JSON: the first byte chooses which. */
#include <stdint.h>
#include <stdlib.h>

#include "mlflow/read.h"
#include "mlflow/reply.h"

/* A trap, so that the fuzzer keeps the input. */
#define MUST(condition) ((condition) ? (void)0 : __builtin_trap())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_lists(uint8_t which, const struct text *body)
{
	struct versions versions = {0};
	struct registered_models models = {0};
	struct logged_models logged = {0};
	struct fail f;
	char *next = NULL;
	int result = which == 3	  ? mlflow_read_versions(body, &versions, &next, &f)
		     : which == 4 ? mlflow_read_models(body, &models, &next, &f)
				  : mlflow_read_logged_models(body, &logged, &next, &f);
	(void)result;
	free(next);
	versions_release(&versions);
	registered_models_release(&models);
	logged_models_release(&logged);
}

static void read_one(uint8_t which, const struct text *body)
{
	struct run run = {0};
	struct version version = {0};
	struct registered_model model = {0};
	struct fail f;
	int result = which == 0	  ? mlflow_read_run(body, &run, &f)
		     : which == 1 ? mlflow_read_version(body, &version, &f)
				  : mlflow_read_model(body, &model, &f);
	(void)result;
	run_release(&run);
	version_release(&version);
	registered_model_release(&model);
}

static void read_artifacts(const struct text *body)
{
	struct artifacts artifacts;
	struct fail f;
	if (mlflow_read_artifacts(body, "model", &artifacts, &f) == 0)
		for (size_t i = 0; i < artifacts.count; i++)
			MUST(artifacts.items[i].path[0] != '\0');
	artifacts_release(&artifacts);
}

static void read_refusal(const struct text *body)
{
	struct mlflow_reply reply = {.method = "GET", .path = "x"};
	reply.http.status = 400;
	text_add(&reply.http.body, text_string(body), body->size);
	mlflow_refusal_read(&reply);
	mlflow_reply_release(&reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text body = {0};
	if (size == 0)
		return 0;
	uint8_t which = data[0] % 8;
	text_add(&body, data + 1, size - 1);
	if (which < 3)
		read_one(which, &body);
	else if (which < 6)
		read_lists(which, &body);
	else if (which == 6)
		read_artifacts(&body);
	else
		read_refusal(&body);
	text_release(&body);
	return 0;
}
