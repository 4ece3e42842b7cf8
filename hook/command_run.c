/* run and replay: a handoff becomes a package, and a package becomes the one Production version. */
#include <stdlib.h>
#include <string.h>

#include "base/console.h"
#include "base/file.h"
#include "command.h"
#include "flow.h"
#include "packaging/handoff.h"
#include "packaging/saved_model.h"
#include "scratch.h"
#include "smoke.h"
#include "spool.h"

static void add_step(struct invocation *call, const char *name, int64_t started, char *did)
{
	int64_t ms = clock_monotonic_ms() - started;
	console_say("%-8s %s (%lld ms)", name, did, (long long)ms);
	result_add_step(&call->result, name, ms, did);
	free(did);
}

static int inspect(struct invocation *call, const struct handoff *handoff,
	struct saved_model *model, struct fail *f)
{
	int64_t started = clock_monotonic_ms();
	struct progress progress;
	progress_start(&progress, "inspect", 0);
	int result = saved_model_read(handoff->saved_model, &progress, model, f);
	progress_end(&progress);
	if (result == 0)
		result = saved_model_check(model, call->settings.allow_nonfinite, f);
	if (result != 0)
		return fail_in(f, "SavedModel %s", handoff->saved_model);
	add_step(call, "inspect", started,
		text_format("%zu files, %llu bytes, %zu tensors, all whole", model->file_count,
			(unsigned long long)model->total_bytes, model->tensor_count));
	return 0;
}

static int pack(struct invocation *call, const struct manifest *manifest,
	const struct saved_model *model, const char *path, struct fail *f)
{
	int64_t started = clock_monotonic_ms();
	struct progress progress;
	progress_start(&progress, "pack", manifest->model_bytes);
	int result = package_write(manifest, model, path, &progress, f);
	progress_end(&progress);
	if (result != 0)
		return -1;
	result_set(&call->result.package, path);
	result_set(&call->result.digest, manifest->digest);
	add_step(call, "pack", started, text_copy(path));
	return 0;
}

static void take_plan(struct invocation *call, const struct flow *flow)
{
	if (!call->settings.plan)
		return;
	result_set(&call->result.plan, text_string(&flow->session.plan.calls));
	console_print(text_string(&flow->session.plan.calls));
	console_say("plan: %zu calls would be sent; none was", flow->session.plan.count);
}

static int finish(struct invocation *call, const struct manifest *manifest, const char *package,
	struct fail *f)
{
	struct flow flow = {0};
	int result = flow_finish(&flow, call, manifest, package, f);
	if (!call->settings.plan)
		flow_report(&flow, result == 0 ? NULL : f);
	take_plan(call, &flow);
	flow_release(&flow);
	return result;
}

/* The package goes when nothing is left to do; a plan leaves the spool as it was. */
static int settle_spool(struct invocation *call, struct spool *spool, int result, struct fail *f)
{
	struct fail own;
	if (call->settings.plan ? !spool->waited : result == 0) {
		result_set(&call->result.package, NULL);
		if (spool_finish(spool, &own) != 0)
			console_warn("spool: %s", own.text);
		return result;
	}
	if (call->result.package == NULL || call->settings.plan)
		return result;
	char *line = result_line(&call->result, f);
	if (spool_keep(spool, line, &own) != 0)
		console_warn("spool: %s", own.text);
	free(line);
	console_say("the package is kept: modelhook replay %s", spool->package);
	return result;
}

static int run_packed(struct invocation *call, const struct manifest *manifest,
	const struct saved_model *model, const char *folder, struct fail *f)
{
	struct spool spool = {0};
	int result = spool_open(&spool, folder, manifest, call->deadline, f);
	if (result == 0) {
		spool.keeps_folder = call->settings.spool != NULL;
		result = pack(call, manifest, model, spool.package, f);
		if (result == 0)
			result = finish(call, manifest, spool.package, f);
		result = settle_spool(call, &spool, result, f);
	}
	spool_release(&spool);
	return result;
}

/* What is made of a plan: a package in the spool and everything after it, or a package alone. */
typedef int use_function(struct invocation *call, struct manifest *manifest,
	const struct saved_model *model, const char *folder, struct fail *f);

static int plan_and(struct invocation *call, const struct handoff *handoff, const char *folder,
	use_function *use, struct fail *f)
{
	struct saved_model model = {0};
	struct manifest manifest = {0};
	bool packs = handoff->saved_model != NULL;
	int result = packs ? inspect(call, handoff, &model, f) : 0;
	if (result == 0)
		result = package_plan(handoff, packs ? &model : NULL, &manifest, f);
	if (result == 0) {
		manifest.settings = settings_decisive(&call->settings);
		result = use(call, &manifest, packs ? &model : NULL, folder, f);
	}
	manifest_release(&manifest);
	saved_model_release(&model);
	return result;
}

static int run_planned(struct invocation *call, struct manifest *manifest,
	const struct saved_model *model, const char *folder, struct fail *f)
{
	char *spool = call->settings.spool != NULL ? text_copy(call->settings.spool)
						   : file_join(folder, SPOOL_FOLDER);
	int result = run_packed(call, manifest, model, spool, f);
	free(spool);
	return result;
}

static int pack_planned(struct invocation *call, struct manifest *manifest,
	const struct saved_model *model, const char *folder, struct fail *f)
{
	const char *out = call->settings.output_path != NULL ? call->settings.output_path : folder;
	char *name = package_name(manifest);
	char *path = file_is_directory(out) ? file_join(out, name) : text_copy(out);
	int result = pack(call, manifest, model, path, f);
	if (result == 0) {
		console_print(path);
		console_print("\n");
	}
	free(path);
	free(name);
	return result;
}

/* The package that a gate with a command is tried on; it is kept nowhere. */
static int pack_for_gates(struct invocation *call, const struct manifest *manifest,
	const struct saved_model *model, char **scratch, char **package, struct fail *f)
{
	const struct settings *settings = &call->settings;
	if (model == NULL || !smoke_is_needed(settings->gates, settings->gate_count))
		return 0;
	if (scratch_open(scratch, f) != 0)
		return -1;
	*package = file_join(*scratch, "package.tar.gz");
	int result = pack(call, manifest, model, *package, f);
	result_set(&call->result.package, NULL);
	return result;
}

static int judge_planned(struct invocation *call, struct manifest *manifest,
	const struct saved_model *model, const char *folder, struct fail *f)
{
	struct flow flow = {0};
	char *scratch = NULL, *package = NULL;
	(void)folder;
	int result = pack_for_gates(call, manifest, model, &scratch, &package, f);
	if (result == 0)
		result = flow_judge(&flow, call, manifest, package, f);
	flow_release(&flow);
	scratch_release(scratch);
	free(package);
	return result;
}

static int from_handoff(
	struct invocation *call, bool needs_server, use_function *use, struct fail *f)
{
	struct handoff handoff = {0};
	char *folder = file_folder(call->argv[0]);
	int result = invocation_settle(call, folder, f);
	if (result == 0 && needs_server)
		result = settings_need_server(&call->settings, f);
	if (result == 0)
		result = handoff_read(call->argv[0], &handoff, f);
	if (result == 0) {
		result_set(&call->result.model, handoff.model);
		result_set(&call->result.run_id, handoff.run_id);
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

/* Read and checked whole, before anything is asked of anybody. */
static int open_package(
	struct invocation *call, const char *package, struct manifest *manifest, struct fail *f)
{
	struct progress progress;
	int64_t started = clock_monotonic_ms();
	progress_start(&progress, "check", 0);
	int result = package_read(package, &progress, manifest, f);
	progress_end(&progress);
	if (result != 0)
		return -1;
	if (manifest->settings != NULL &&
		settings_adopt(&call->settings, manifest->settings, f) != 0) {
		manifest_release(manifest);
		return fail_in(f, "package %s: settings", package);
	}
	result_set(&call->result.package, package);
	result_set(&call->result.digest, manifest->digest);
	add_step(call, "check", started,
		text_format("%zu files, every digest holds", manifest->file_count));
	return 0;
}

static int replay_locked(struct invocation *call, const char *package, struct fail *f)
{
	struct manifest manifest;
	if (open_package(call, package, &manifest, f) != 0)
		return -1;
	int result = finish(call, &manifest, package, f);
	manifest_release(&manifest);
	return result;
}

/* Where modelhook.json is looked for: beside the package, or, for one in the default spool, beside
 * that. */
static char *settings_folder(const char *package)
{
	char *folder = file_folder(package);
	if (!text_equal(folder, SPOOL_FOLDER) && !text_ends_with(folder, "/" SPOOL_FOLDER))
		return folder;
	char *parent = file_folder(folder);
	free(folder);
	return parent;
}

int command_replay(struct invocation *call, struct fail *f)
{
	struct spool spool = {0};
	char *folder = settings_folder(call->argv[0]);
	int result = invocation_settle(call, folder, f);
	free(folder);
	if (result == 0)
		result = settings_need_server(&call->settings, f);
	if (result == 0)
		result = spool_lock(&spool, call->argv[0], call->deadline, f);
	if (result == 0)
		result = replay_locked(call, call->argv[0], f);
	spool_release(&spool);
	return result;
}
