#include "command/from_handoff.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/console.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/panic.h"
#include "base/text.h"
#include "command/finish.h"
#include "mlflow/tracking_uri.h"
#include "packaging/package/handoff.h"
#include "packaging/package/handoff_read.h"
#include "packaging/package/libraries.h"
#include "packaging/package/manifest.h"
#include "packaging/package/package.h"
#include "packaging/package/package_write.h"
#include "packaging/savedmodel/saved_model.h"
#include "packaging/savedmodel/saved_model_check.h"

/* What is promoted because of `requirements` alone is said. */
static void warn_of_custom_ops(const struct saved_model *model)
{
	for (size_t i = 0; i < model->finding_count; i++)
		if (model->findings[i].weight == FINDING_CUSTOM_OP)
			console_warn("%s: %s; the model loads only where the packages of "
				     "`requirements` register the op",
				model->findings[i].file, model->findings[i].text);
}

static int inspect(struct invocation *call, const struct handoff *handoff,
	struct saved_model *model, struct fail *f)
{
	int64_t started = clock_monotonic_ms();
	const struct saved_model_allowed allowed = {
		.nonfinite = call->settings.allow_nonfinite,
		.custom_ops = libraries_are_named(handoff),
	};
	struct progress progress;
	progress_start(&progress, "inspect", 0);
	int result = saved_model_read(handoff->saved_model, &progress, model, f);
	progress_end(&progress);
	if (result == 0)
		result = saved_model_check(model, allowed, f);
	if (result != 0)
		return saved_model_fail(handoff->saved_model, f);
	warn_of_custom_ops(model);
	finish_add_step(call, "inspect", started,
		text_format("%zu files, %llu bytes, %zu tensors, all whole", model->file_count,
			(unsigned long long)model->total_bytes, model->tensor_count));
	return 0;
}

static int plan_and(struct invocation *call, const struct handoff *handoff, const char *folder,
	from_handoff_function *use, struct fail *f)
{
	struct saved_model model = {0};
	struct manifest manifest = {0};
	bool packs = handoff->saved_model != NULL;
	int result = packs ? inspect(call, handoff, &model, f) : 0;
	if (result == 0)
		result = package_plan(handoff, packs ? &model : NULL, &manifest, f);
	saved_model_release(&model);
	if (result == 0) {
		char *decisive = settings_decisive(&call->settings);
		package_settle(&manifest, decisive);
		free(decisive);
		result = use(call, &manifest, folder, f);
	}
	manifest_release(&manifest);
	return result;
}

/* In a backfill the model is as old as its data, whenever the training ran. */
static void date(struct handoff *handoff, const char *trained_at)
{
	if (trained_at == NULL)
		return;
	result_set(&handoff->trained_at, trained_at);
	INVARIANT(clock_parse_rfc3339(trained_at, &handoff->trained_at_ms)); /* KIND_TIME */
}

int from_handoff(
	struct invocation *call, bool with_server, from_handoff_function *use, struct fail *f)
{
	struct handoff handoff = {0};
	char *folder = file_folder(call->argv[0]);
	int result = invocation_settle(call, folder, f);
	if (result == 0)
		result = handoff_read(call->argv[0], &handoff, f);
	if (result == 0)
		date(&handoff, call->settings.trained_at);
	if (result == 0 && with_server && call->settings.mlflow.tracking_uri != NULL)
		result = tracking_uri_settle(&call->settings.mlflow, f);
	if (result == 0) {
		result_set(&call->result.model, handoff.model);
		result_set(&call->result.run_id, handoff.run_id);
		call->result.trained_at_ms = handoff.trained_at_ms;
		result = plan_and(call, &handoff, folder, use, f);
	}
	handoff_release(&handoff);
	free(folder);
	return result;
}

int from_handoff_pack(struct invocation *call, const struct manifest *manifest, const char *path,
	bool is_private, const struct package_tap *tap, struct fail *f)
{
	int64_t started = clock_monotonic_ms();
	struct progress progress;
	progress_start(&progress, "pack", manifest->model_bytes);
	int result = package_write(manifest, path, is_private, &progress, tap, f);
	progress_end(&progress);
	if (result != 0)
		return -1;
	result_set(&call->result.package, path);
	result_set(&call->result.digest, manifest->digest);
	finish_add_step(call, "pack", started, text_copy(path));
	return 0;
}
