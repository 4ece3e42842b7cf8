/* replay: a package alone becomes the one Production version, from a disk or from the spool. */
#include "command/command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/console.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/input.h"
#include "base/stop.h"
#include "base/temp_dir.h"
#include "base/text.h"
#include "command/finish.h"
#include "mlflow/tracking_uri.h"
#include "packaging/package/manifest.h"
#include "packaging/package/package_read.h"
#include "spool/local.h"
#include "spool/remote.h"
#include "store/options.h"
#include "stores/location.h"

/* struct batch - packages of one spool, finished one after the other */
struct batch {
	struct invocation *call;
	struct spool_remote spool;
	char *directory;
	char *local; /* where the present package lies here */
	struct spool_waiting waiting;
	bool promoted; /* any */
	bool failed;
	struct fail fail; /* the first; one that can be repeated goes before others */
};

/* Where a package does not state its settings, nobody can tell whether it had gates. */
static int adopt_settings(struct invocation *call, const struct manifest *manifest, struct fail *f)
{
	if (manifest->settings != NULL)
		return settings_adopt(&call->settings, manifest->settings, f);
	if (manifest->states_settings || call->settings.gates_text != NULL)
		return 0;
	fail_set(f, STATUS_UNACCEPTABLE,
		"packed by an earlier version, which did not record them in the manifest");
	return fail_hint(
		f, "pack it again, or pass the \"gates\" that it is to pass with --config");
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
	call->had_package |= result == 0 || f->status == STATUS_UNACCEPTABLE;
	if (result != 0)
		return -1;
	if (adopt_settings(call, manifest, f) != 0) {
		manifest_release(manifest);
		return fail_wrap(f, "package %s: settings", package);
	}
	result_set(&call->result.digest, manifest->digest);
	call->result.trained_at_ms = manifest->handoff.trained_at_ms;
	finish_add_step(call, "check", started,
		text_format("%zu files, every digest holds", manifest->file_count));
	return 0;
}

/* name: what the package is called to people and in the result */
static int replay_file(
	struct invocation *call, const char *package, const char *name, struct fail *f)
{
	struct manifest manifest;
	if (open_package(call, package, &manifest, f) != 0)
		return -1;
	result_set(&call->result.package, name);
	int result = finish_package(call, &manifest, package, f);
	manifest_release(&manifest);
	return result;
}

static int replay_local(struct invocation *call, const char *package, struct fail *f)
{
	struct spool spool = {0};
	int result = spool_lock(&spool, package, call->deadline, f);
	if (result == 0)
		result = replay_file(call, package, package, f);
	spool_release(&spool);
	return result;
}

/* Packages of a spool. */

static int batch_open(struct batch *batch, struct invocation *call, const char *url, struct fail *f)
{
	*batch = (struct batch){.call = call};
	if (temp_dir_open(&batch->directory, f) != 0)
		return -1;
	batch->local = file_join(batch->directory, "package.tar.gz");
	struct store_reach reach = invocation_reach(call);
	return spool_remote_open(&batch->spool, &reach, url, f);
}

static void batch_release(struct batch *batch)
{
	spool_waiting_release(&batch->waiting);
	spool_remote_release(&batch->spool);
	temp_dir_release(batch->directory);
	free(batch->local);
}

/* What was superseded, withdrawn or rolled back is final, but nothing of it serves: it is put where
 * it can be looked at. */
static int settle(struct batch *batch, const char *name, int result, const struct fail *f)
{
	struct result *told = &batch->call->result;
	struct fail ignored;
	if (batch->call->settings.mlflow.plan)
		return 0;
	char *line = result_line(told, result == 0 ? NULL : f);
	int settled;
	bool rolled_back = result != 0 && f->status == STATUS_ROLLED_BACK;
	if (result != 0 && !rolled_back)
		settled = spool_remote_keep(&batch->spool, name, line, &ignored);
	else if (rolled_back || text_equal(told->outcome, "superseded") ||
		 text_equal(told->outcome, "withdrawn"))
		settled = spool_remote_put_aside(&batch->spool, name, batch->local, line, &ignored);
	else
		settled = spool_remote_finish(&batch->spool, name, &ignored);
	free(line);
	if (settled != 0)
		console_warn("%s", ignored.text);
	return settled;
}

static void note_failure(struct batch *batch, const struct fail *f)
{
	bool later = status_is_retryable(f->status);
	if (!batch->failed || (later && !status_is_retryable(batch->fail.status)))
		batch->fail = *f;
	batch->failed = true;
}

/* The package to here and through the flow; *gone: somebody else finished it since it was listed.
 */
static int replay_waiting(struct batch *batch, const char *name, bool *gone, struct fail *f)
{
	bool found = false;
	struct invocation *call = batch->call;
	struct settings before = call->settings;
	char *full = spool_remote_name(&batch->spool, name);
	char *shown = location_show(full);
	console_say("%s", shown);
	result_set(&call->result.package, shown);
	int result = spool_remote_fetch(&batch->spool, name, batch->local, &found, f);
	*gone = result == 0 && !found;
	if (found)
		result = replay_file(call, batch->local, shown, f);
	settings_disown(&call->settings, &before);
	free(shown);
	free(full);
	return result;
}

static int replay_unlocked(struct batch *batch, const char *name, bool *gone, struct fail *f)
{
	int result = replay_waiting(batch, name, gone, f);
	if (*gone)
		return 0;
	if (result == 0)
		batch->promoted |= batch->call->result.status == STATUS_PROMOTED;
	else
		note_failure(batch, f);
	(void)settle(batch, name, result, f);
	return result;
}

/* In a folder of this machine a run may be at work on it. */
static int replay_one(struct batch *batch, const char *name, bool *gone, struct fail *f)
{
	struct spool lock = {0};
	char *path = spool_remote_name(&batch->spool, name);
	*gone = false;
	int result = location_is_url(path) ? 0 : spool_lock(&lock, path, batch->call->deadline, f);
	if (result == 0)
		result = replay_unlocked(batch, name, gone, f);
	else
		note_failure(batch, f);
	spool_release(&lock);
	free(path);
	if (*gone) {
		console_say("%s: it is not there any more", name);
		result_set(&batch->call->result.package, NULL);
	}
	return result;
}

/* A package whose result does not tell when it was trained is asked itself; one that cannot be read
 * says so when its turn comes. */
static int complete_times(struct batch *batch, struct fail *f)
{
	for (size_t i = 0; i < batch->waiting.count; i++) {
		struct spool_package *package = &batch->waiting.items[i];
		struct manifest manifest;
		struct fail ignored;
		bool found;
		if (stop_or_late(f) != 0)
			return -1;
		if (package->trained_at_ms != 0 ||
			spool_remote_fetch(&batch->spool, package->name, batch->local, &found,
				&ignored) != 0 ||
			!found || package_read(batch->local, NULL, &manifest, &ignored) != 0)
			continue;
		package->trained_at_ms = manifest.handoff.trained_at_ms;
		manifest_release(&manifest);
	}
	spool_waiting_sort(&batch->waiting);
	return 0;
}

static int nothing_waits(const struct batch *batch, struct fail *f)
{
	char *shown = location_show(batch->spool.url);
	fail_set(f, STATUS_MISSING, "the spool %.200s is empty: nothing waits to be finished",
		shown);
	free(shown);
	return -1;
}

static int find_waiting(struct batch *batch, struct fail *f)
{
	if (spool_remote_list(&batch->spool, &batch->waiting, f) != 0)
		return -1;
	if (batch->waiting.count > 0)
		return complete_times(batch, f);
	return nothing_waits(batch, f);
}

/* What is told of all together: a failure before everything, then whether any was promoted. */
static int sum_up(struct batch *batch, struct fail *f)
{
	struct result *result = &batch->call->result;
	if (batch->failed) {
		*f = batch->fail;
		return -1;
	}
	if (!batch->call->had_package) /* others finished all of it since it was listed */
		return nothing_waits(batch, f);
	result->status = batch->promoted ? STATUS_PROMOTED : STATUS_HELD;
	result->outcome = NULL;
	return 0;
}

/* What is told of one package names it only while it is kept. */
static void forget_package(struct batch *batch, int result, const struct fail *f)
{
	bool is_final = result == 0 || f->status == STATUS_ROLLED_BACK;
	if (is_final && !batch->call->settings.mlflow.plan)
		result_set(&batch->call->result.package, NULL);
}

/* All of them, or the oldest that is still there. */
static int replay_listed(struct batch *batch, struct fail *f)
{
	for (size_t i = 0; i < batch->waiting.count; i++) {
		bool gone;
		int result = replay_one(batch, batch->waiting.items[i].name, &gone, f);
		if (gone)
			continue;
		if (!batch->call->settings.all) {
			forget_package(batch, result, f);
			return result;
		}
		result_add_package(&batch->call->result, result == 0 ? NULL : f);
		if (result != 0 && status_is_stop(f->status))
			return -1;
		if (result != 0)
			console_error("%s", f->text);
	}
	return sum_up(batch, f);
}

static int replay_spool(struct invocation *call, const char *url, struct fail *f)
{
	struct batch batch;
	int result = batch_open(&batch, call, url, f);
	if (result == 0)
		result = find_waiting(&batch, f);
	if (result == 0)
		result = replay_listed(&batch, f);
	batch_release(&batch);
	return result;
}

/* One package by its URL: it leaves its spool as it does with all. */
static int replay_url(struct invocation *call, const char *url, struct fail *f)
{
	struct batch batch;
	char *folder, *name;
	bool gone = false;
	if (location_split(url, &folder, &name, f) != 0)
		return -1;
	int result = batch_open(&batch, call, folder, f);
	if (result == 0)
		result = replay_one(&batch, name, &gone, f);
	forget_package(&batch, result, f);
	if (gone)
		result = fail_set(f, STATUS_MISSING, "%.200s: not in the spool", name);
	batch_release(&batch);
	free(folder);
	free(name);
	return result;
}

static int check_arguments(const struct invocation *call, struct fail *f)
{
	bool named = call->argc > 0;
	if (named && call->settings.all)
		return fail_set(f, STATUS_USAGE, "--all is of a spool: name no package with it");
	if (named || call->settings.spool != NULL)
		return 0;
	fail_set(f, STATUS_USAGE, "replay takes a package, or --spool");
	return fail_hint(f, "modelhook help replay");
}

/* What is wrong here is told before what is wrong with the server. */
static int check_there(const char *package, struct fail *f)
{
	if (file_is_named(package))
		return 0;
	char *what = text_format("package %s", package);
	errno = ENOENT;
	input_error(package, what, f);
	free(what);
	return -1;
}

int command_replay(struct invocation *call, struct fail *f)
{
	const char *package = call->argc > 0 ? call->argv[0] : NULL;
	/* what lies beside a package may be whoever's the package is: no settings are looked for
	 * there */
	int result = invocation_settle(call, NULL, f);
	if (result == 0)
		result = check_arguments(call, f);
	if (result == 0 && package != NULL && !location_is_url(package))
		result = check_there(package, f);
	if (result == 0)
		result = tracking_uri_settle(&call->settings.mlflow, f);
	if (result != 0)
		return -1;
	if (package == NULL)
		return replay_spool(call, call->settings.spool, f);
	if (location_is_url(package))
		return replay_url(call, package, f);
	char *path = file_absolute(package);
	result = replay_local(call, path, f);
	free(path);
	return result;
}
