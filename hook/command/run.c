/* run, gate and pack: what begins with a handoff. */
#include <stdlib.h>
#include <string.h>

#include "base/console.h"
#include "base/file.h"
#include "base/temp_dir.h"
#include "command/command.h"
#include "command/finish.h"
#include "flow/overlap.h"
#include "gate/smoke.h"
#include "mlflow/tracking_uri.h"
#include "packaging/package/handoff.h"
#include "packaging/package/libraries.h"
#include "packaging/savedmodel/saved_model.h"
#include "spool/local.h"
#include "spool/remote.h"
#include "stores/location.h"

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

static int pack(struct invocation *call, const struct manifest *manifest, const char *path,
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

/* The spool far away. */

/* How long a word of farewell may take, after the command's own deadline. */
#define SETTLE_MS 20000

/* What stands beside a package whose end nobody wrote down. */
static char *pending_line(struct invocation *call)
{
	struct fail pending;
	fail_set(&pending, STATUS_LATER, "begun, and not ended yet");
	return result_line(&call->result, &pending);
}

/* Before anything else is tried: from here on this machine may be lost. Without it the package is
 * kept here, and the work goes on. */
static bool send_to_spool(struct invocation *call, const struct spool *spool)
{
	struct spool_remote remote;
	struct fail own;
	int64_t started = clock_monotonic_ms();
	const char *url = call->settings.spool;
	if (!location_is_url(url) || call->settings.mlflow.plan)
		return false;
	char *line = pending_line(call);
	struct store_reach reach = invocation_reach(call);
	int result = spool_remote_open(&remote, &reach, url, &own);
	if (result == 0)
		result = spool_remote_send(&remote, spool->name, spool->package, line, &own);
	spool_remote_release(&remote);
	free(line);
	if (result != 0)
		console_warn("%s: the package stays on this machine alone", own.text);
	else
		finish_add_step(call, "spool", started, location_show(url));
	return result == 0;
}

/* The last word to the spool: f NULL, that nothing is left to do. */
static void settle_far(struct invocation *call, const struct spool *spool, const struct fail *f)
{
	struct spool_remote remote;
	struct fail own;
	if (f != NULL && status_is_stop(f->status))
		return; /* no time is left; the package lies there since before */
	struct store_reach reach = invocation_reach(call);
	reach.deadline = deadline_in(SETTLE_MS);
	int result = spool_remote_open(&remote, &reach, call->settings.spool, &own);
	if (result == 0 && f == NULL) {
		result = spool_remote_finish(&remote, spool->name, &own);
	} else if (result == 0) {
		char *line = result_line(&call->result, f);
		result = spool_remote_keep(&remote, spool->name, line, &own);
		free(line);
	}
	spool_remote_release(&remote);
	if (result != 0)
		console_warn("%s", own.text);
}

static void drop_here(struct spool *spool)
{
	struct fail own;
	if (spool_finish(spool, &own) != 0)
		console_warn("spool: %s", own.text);
}

/* A replay takes no settings from beside a package: it is told of those that this run had. */
static void say_kept(const struct invocation *call, const char *package)
{
	const struct settings *settings = &call->settings;
	const char *file =
		settings->config_path != NULL ? settings->config_path : settings->file_beside;
	console_say("the package is kept: modelhook replay %s%s%s", package,
		file != NULL ? " --config " : "", file != NULL ? file : "");
}

/* Where the spool is far away, nothing is kept here. */
static void keep_far(struct invocation *call, struct spool *spool, const struct fail *f)
{
	char *url = text_format("%s/%s", call->settings.spool, spool->name);
	char *shown = location_show(url);
	result_set(&call->result.package, shown);
	settle_far(call, spool, f);
	drop_here(spool);
	say_kept(call, shown);
	free(shown);
	free(url);
}

static void keep_here(struct invocation *call, struct spool *spool, const struct fail *f)
{
	struct fail own;
	char *line = result_line(&call->result, f);
	if (spool_keep(spool, line, &own) != 0)
		console_warn("spool: %s", own.text);
	free(line);
	say_kept(call, spool->package);
}

/* The package goes when nothing is left to do; a plan leaves the spool as it was. */
static void settle_spool(
	struct invocation *call, struct spool *spool, bool is_far, int result, const struct fail *f)
{
	bool plan = call->settings.mlflow.plan;
	if (plan ? !spool->waited : result == 0) {
		if (is_far)
			settle_far(call, spool, NULL);
		result_set(&call->result.package, NULL);
		drop_here(spool);
	} else if (call->result.package == NULL || plan) {
		return;
	} else if (is_far) {
		keep_far(call, spool, f);
	} else {
		keep_here(call, spool, f);
	}
}

static int pack_and_finish(struct invocation *call, const struct manifest *manifest,
	struct spool *spool, bool *is_far, struct fail *f)
{
	if (pack(call, manifest, spool->package, true, NULL, f) != 0)
		return -1;
	*is_far = send_to_spool(call, spool);
	return finish_package(call, manifest, spool->package, f);
}

/* The same with the upload beside the packing: where the spool is on this machine, the package need
 * not go anywhere before. */
static int pack_and_send(struct invocation *call, const struct manifest *manifest,
	const char *package, struct fail *f)
{
	struct flow flow;
	struct overlap overlap;
	flow_begin(&flow, call, manifest, package);
	overlap_start(&overlap, &flow);
	struct package_tap tap = overlap_tap(&overlap);
	if (pack(call, manifest, package, true, &tap, f) != 0) {
		overlap_cancel(&overlap, f);
		flow_release(&flow);
		return -1;
	}
	return finish_flow(&flow, overlap_join(&overlap, f), f);
}

static int run_packed(struct invocation *call, const struct manifest *manifest, const char *folder,
	struct fail *f)
{
	struct spool spool = {0};
	const char *named = call->settings.spool;
	int result = spool_open(&spool, folder, manifest, call->deadline, f);
	if (result == 0) {
		bool is_far = false;
		spool.keeps_folder = named != NULL && !location_is_url(named);
		result = manifest->handoff.logged_model != NULL || location_is_url(named)
				 ? pack_and_finish(call, manifest, &spool, &is_far, f)
				 : pack_and_send(call, manifest, spool.package, f);
		settle_spool(call, &spool, is_far, result, f);
	}
	spool_release(&spool);
	return result;
}

/* What is made of a plan: a package in the spool and everything after it, or a package alone. */
typedef int use_function(
	struct invocation *call, struct manifest *manifest, const char *folder, struct fail *f);

static int plan_and(struct invocation *call, const struct handoff *handoff, const char *folder,
	use_function *use, struct fail *f)
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

static int run_planned(
	struct invocation *call, struct manifest *manifest, const char *folder, struct fail *f)
{
	const char *named = call->settings.spool;
	char *beside = file_join(folder, SPOOL_FOLDER);
	char *spool =
		named != NULL && !location_is_url(named) ? text_copy(named) : file_absolute(beside);
	free(beside);
	int result = run_packed(call, manifest, spool, f);
	free(spool);
	return result;
}

static int pack_planned(
	struct invocation *call, struct manifest *manifest, const char *folder, struct fail *f)
{
	const char *out = call->settings.output_path != NULL ? call->settings.output_path : folder;
	char *name = package_name(manifest);
	char *path = file_is_directory(out) ? file_join(out, name) : text_copy(out);
	int result = pack(call, manifest, path, false, NULL, f);
	if (result == 0) {
		console_print(path);
		console_print("\n");
	}
	free(path);
	free(name);
	return result;
}

/* The package that a gate with a command is tried on; it is kept nowhere. */
static int pack_for_gates(struct invocation *call, const struct manifest *manifest, char **scratch,
	char **package, struct fail *f)
{
	const struct settings *settings = &call->settings;
	if (manifest->handoff.logged_model != NULL ||
		!smoke_is_needed(settings->gates, settings->gate_count))
		return 0;
	if (temp_dir_open(scratch, f) != 0)
		return -1;
	*package = file_join(*scratch, "package.tar.gz");
	int result = pack(call, manifest, *package, true, NULL, f);
	result_set(&call->result.package, NULL);
	return result;
}

static int judge_planned(
	struct invocation *call, struct manifest *manifest, const char *folder, struct fail *f)
{
	struct flow flow = {0};
	char *scratch = NULL, *package = NULL;
	(void)folder;
	int result = pack_for_gates(call, manifest, &scratch, &package, f);
	if (result == 0)
		result = flow_judge(&flow, call, manifest, package, f);
	flow_release(&flow);
	temp_dir_release(scratch);
	free(package);
	return result;
}

static int from_handoff(
	struct invocation *call, bool needs_server, use_function *use, struct fail *f)
{
	struct handoff handoff = {0};
	char *folder = file_folder(call->argv[0]);
	int result = invocation_settle(call, folder, f);
	if (result == 0)
		result = handoff_read(call->argv[0], &handoff, f);
	if (result == 0 && needs_server)
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

int command_run(struct invocation *call, struct fail *f)
{
	return from_handoff(call, true, run_planned, f);
}

int command_gate(struct invocation *call, struct fail *f)
{
	return from_handoff(call, true, judge_planned, f);
}

int command_pack(struct invocation *call, struct fail *f)
{
	return from_handoff(call, false, pack_planned, f);
}
