/* Fuzzes the readers of a server's JSON: the first byte chooses which. */
#include <stdint.h>
#include <stdlib.h>

#include "base/fail.h"
#include "base/text.h"
#include "http/types.h"
#include "mlflow/read.h"
#include "mlflow/reply.h"
#include "mlflow/types.h"

/* A trap, so that the fuzzer keeps the input. */
#define MUST(condition) ((condition) ? (void)0 : __builtin_trap())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_lists(uint8_t which, const struct text *body)
{
	struct versions versions = {0};
	struct registered_models models = {0};
	struct logged_models logged = {0};
	struct logged_model one = {0};
	struct fail f;
	char *next = NULL;
	int result = which == 3	  ? mlflow_read_versions(body, &versions, &next, &f)
		     : which == 4 ? mlflow_read_models(body, &models, &next, &f)
				  : mlflow_read_logged_models(body, &logged, &next, &f);
	(void)result;
	if (which == 5 && mlflow_read_logged_model(body, &one, &f) == 0)
		MUST(one.id[0] != '\0');
	logged_model_release(&one);
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

static int take_artifact(void *context, const struct entry *artifact, struct fail *f)
{
	(void)context;
	(void)f;
	MUST(artifact->name[0] != '\0');
	return 0;
}

static void restart(void *context)
{
	(void)context;
}

/* In two pieces, and once more from the start, as a connection may give it. */
static void read_artifacts(const struct text *body)
{
	struct entry_taker taker = {take_artifact, restart, NULL};
	struct artifact_reading reading;
	struct fail f;
	artifact_reading_open(&reading, "model", &taker);
	struct http_sink *sink = &reading.sink;
	(void)!sink->write(sink->context, text_string(body), body->size / 2, &f);
	(void)!sink->restart(sink->context, &f);
	if (sink->write(sink->context, text_string(body), body->size / 2, &f) == 0 &&
		sink->write(sink->context, text_string(body) + body->size / 2,
			body->size - body->size / 2, &f) == 0)
		(void)!artifact_reading_end(&reading, &f);
	artifact_reading_release(&reading);
}

static void read_refusal(const struct text *body)
{
	struct mlflow_reply reply = {.method = "GET", .path = "x"};
	reply.http.status = 400;
	text_add(&reply.http.body, text_string(body), body->size);
	mlflow_reply_read(&reply);
	(void)mlflow_read_yes(body, "x");
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
