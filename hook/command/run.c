/* run: from a handoff to the one Production version; what is left unfinished goes to the spool. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/console.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/text.h"
#include "command/command.h"
#include "command/finish.h"
#include "command/from_handoff.h"
#include "flow/overlap.h"
#include "packaging/package/manifest.h"
#include "packaging/package/package_write.h"
#include "spool/local.h"
#include "spool/remote.h"
#include "store/options.h"
#include "stores/location.h"

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
	struct fail ignored;
	int64_t started = clock_monotonic_ms();
	const char *url = call->settings.spool;
	if (!location_is_url(url) || call->settings.mlflow.plan)
		return false;
	char *line = pending_line(call);
	struct store_reach reach = invocation_reach(call);
	int result = spool_remote_open(&remote, &reach, url, &ignored);
	if (result == 0)
		result = spool_remote_send(&remote, spool->name, spool->package, line, &ignored);
	spool_remote_release(&remote);
	free(line);
	if (result != 0)
		console_warn("%s: the package stays on this machine alone", ignored.text);
	else
		finish_add_step(call, "spool", started, location_show(url));
	return result == 0;
}

/* The last word to the spool: f NULL, that nothing is left to do. */
static void settle_far(struct invocation *call, const struct spool *spool, const struct fail *f)
{
	struct spool_remote remote;
	struct fail ignored;
	if (f != NULL && status_is_stop(f->status))
		return; /* no time is left; the package lies there since before */
	struct store_reach reach = invocation_reach(call);
	reach.deadline = deadline_in(SETTLE_MS);
	int result = spool_remote_open(&remote, &reach, call->settings.spool, &ignored);
	if (result == 0 && f == NULL) {
		result = spool_remote_finish(&remote, spool->name, &ignored);
	} else if (result == 0) {
		char *line = result_line(&call->result, f);
		result = spool_remote_keep(&remote, spool->name, line, &ignored);
		free(line);
	}
	spool_remote_release(&remote);
	if (result != 0)
		console_warn("%s", ignored.text);
}

static void drop_here(struct spool *spool)
{
	struct fail ignored;
	if (spool_finish(spool, &ignored) != 0)
		console_warn("spool: %s", ignored.text);
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
	struct fail ignored;
	char *line = result_line(&call->result, f);
	if (spool_keep(spool, line, &ignored) != 0)
		console_warn("spool: %s", ignored.text);
	free(line);
	say_kept(call, spool->package);
}

/* The package goes when nothing is left to do: what was rolled back would be again. A plan leaves
 * the spool as it was. */
static void settle_spool(
	struct invocation *call, struct spool *spool, bool is_far, int result, const struct fail *f)
{
	bool plan = call->settings.mlflow.plan;
	if (plan ? !spool->waited : result == 0 || f->status == STATUS_ROLLED_BACK) {
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
	if (from_handoff_pack(call, manifest, spool->package, true, NULL, f) != 0)
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
	if (from_handoff_pack(call, manifest, package, true, &tap, f) != 0) {
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

int command_run(struct invocation *call, struct fail *f)
{
	return from_handoff(call, true, run_planned, f);
}
