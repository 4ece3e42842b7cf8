#include "watch/watch.h"

#include <stdlib.h>

#include "base/actor.h"
#include "base/clock.h"
#include "base/console.h"
#include "base/file.h"
#include "base/random.h"
#include "base/stop.h"
#include "base/text.h"
#include "deploy/publish.h"
#include "flow/connect.h"
#include "flow/to_serve.h"
#include "mlflow/session.h"
#include "packaging/json/json.h"
#include "registry/artifact_check.h"
#include "registry/registry.h"
#include "watch/change.h"
#include "watch/tell.h"

enum {
	QUESTION_MS = 30 * 1000,
	ANYHOW_MS = 5 * 60 * 1000,	   /* so often all is looked at, changed or not */
	ASK_PAUSE_MS = 30 * 1000,	   /* the longest, between two questions */
	TRY_PAUSE_MS = 60 * 1000,	   /* the longest, until the same is tried again ... */
	REFUSED_PAUSE_MS = 10 * 60 * 1000, /* ... and where it takes a download to fail again */
};

/* struct watch - owns all but call and model. Must not be moved. */
struct watch {
	struct invocation *call;
	const char *model;
	char *into; /* absolute */
	char *who;
	struct session session;
	struct registry registry;
	bool is_open;
	struct change change;
	int64_t told;	/* the number of which the service was told last; 0: none yet */
	int64_t try_at; /* on the monotonic clock: when to look at all of it, changed or not */
	int asked_in_vain, tried_in_vain; /* in a row */
	char *warned;			  /* of the failure that lasts; NULL: there is none */
};

static void close_session(struct watch *watch)
{
	registry_release(&watch->registry);
	session_release(&watch->session);
	watch->is_open = false;
}

static void release(struct watch *watch)
{
	close_session(watch);
	change_release(&watch->change);
	free(watch->into);
	free(watch->who);
	free(watch->warned);
}

static struct deadline begin_round(struct watch *watch)
{
	int64_t ms = watch->call->settings.deadline_ms;
	watch->call->deadline = ms > 0 ? deadline_in(ms) : (struct deadline){0};
	stop_limit(watch->call->deadline);
	return watch->call->deadline;
}

static void limit_requests(struct watch *watch, struct deadline deadline)
{
	watch->session.tracking.http.deadline = deadline;
	watch->session.other.http.deadline = deadline;
}

/* Credentials are read here: a session is closed by every failure, so that new ones count. */
static int open_session(struct watch *watch, struct fail *f)
{
	if (watch->is_open)
		return 0;
	watch->is_open = true; /* also what was opened in part is to be released */
	if (connect_session(&watch->session, watch->call, f) != 0)
		return -1;
	limit_requests(watch, deadline_within(watch->call->deadline, QUESTION_MS));
	return registry_open(&watch->registry, watch->session.registry, watch->model,
		watch->call->settings.registry.promote_by, f);
}

static int fail_no_model(const struct watch *watch, struct fail *f)
{
	fail_set(f, STATUS_REFUSED, "%s: no such registered model", watch->model);
	return fail_hint(f, "modelhook status shows all of them");
}

static int ask(struct watch *watch, bool *due, struct fail *f)
{
	bool changed, found;
	struct deadline deadline = begin_round(watch);
	if (open_session(watch, f) != 0)
		return -1;
	limit_requests(watch, deadline_within(deadline, QUESTION_MS));
	if (change_ask(&watch->change, watch->session.registry, watch->model, &changed, &found,
		    f) != 0)
		return -1;
	if (!found)
		return fail_no_model(watch, f);
	limit_requests(watch, deadline);
	*due = changed || clock_monotonic_ms() >= watch->try_at;
	return 0;
}

/* Acting */

static int find_production(struct watch *watch, const struct version **version, struct fail *f)
{
	bool found;
	if (registry_read(&watch->registry, &found, f) != 0)
		return -1;
	if (!found)
		return fail_no_model(watch, f);
	change_note(&watch->change, &watch->registry.state.model);
	*version = state_production(&watch->registry.state);
	if (*version != NULL)
		return 0;
	return fail_set(f, STATUS_REFUSED, "%s: no version is in Production", watch->model);
}

static int check_verifiable(
	const struct watch *watch, const struct version *version, struct fail *f)
{
	if (version_tag(version, TAG_CONTENT) != NULL || watch->call->settings.watch.unverified)
		return 0;
	fail_set(f, STATUS_REFUSED,
		"version %lld of %s has no tag " TAG_CONTENT " to verify its files by",
		(long long)version->number, watch->model);
	return fail_hint(f, "--unverified publishes versions that another program registered");
}

static void print_event(
	const struct deploy_model *model, const struct publish_end *end, const char *directory)
{
	char at[32], number[24];
	struct cJSON *event = json_new_object();
	clock_format_rfc3339(at, clock_now_ms());
	json_set_string(event, "schema", "modelhook/watch@1");
	json_set_string(event, "at", at);
	json_set_string(event, "model", model->name);
	json_set_string(event, "version", text_number(number, model->version));
	json_set_string_or_null(event, "digest", model->digest);
	json_set_string(event, "number", text_number(number, end->number));
	json_set_string(event, "directory", directory);
	json_set_bool(event, "published", !end->was_there);
	char *line = json_take_text(event), *with_end = text_format("%s\n", line);
	console_print(with_end);
	free(with_end);
	free(line);
}

static int tell(struct watch *watch, const struct deploy_model *model,
	const struct publish_end *end, struct text *did, struct fail *f)
{
	char *directory = text_format("%s/%lld", watch->into, (long long)end->number);
	struct tell tell = {
		.options = &watch->call->settings.watch,
		.http = &watch->call->settings.http,
		.model = model,
		.directory = directory,
		.deadline = watch->call->deadline,
	};
	int result = tell_service(&tell, did, f);
	if (result == 0) {
		console_say("%s: %s", model->name, text_string(did));
		if (watch->call->settings.json)
			print_event(model, end, directory);
		watch->told = end->number;
	}
	free(directory);
	return result == 0 ? 0
			   : fail_wrap(f, "version %lld is published, the service was not told",
				     (long long)model->version);
}

static int publish(struct watch *watch, const struct deploy_model *model, struct fail *f)
{
	const struct watch_options *options = &watch->call->settings.watch;
	struct publish_end end;
	struct publish publish = {
		.folder = watch->into,
		.files = options->saved_model ? PUBLISH_SAVED_MODEL : PUBLISH_MODEL,
		.keep = options->keep,
		.deadline = watch->call->deadline,
	};
	struct text did = {0};
	if (publish_version(&publish, model, &end, f) != 0)
		return -1;
	if (end.overtaken)
		return fail_set(f, STATUS_LATER,
			"version %lld was overtaken by another one while it was fetched",
			(long long)model->version);
	publish_describe(&publish, model, &end, &did);
	int result = 0;
	if (end.number != watch->told)
		result = tell(watch, model, &end, &did, f);
	text_release(&did);
	return result;
}

static int act(struct watch *watch, struct fail *f)
{
	const struct version *version;
	struct to_serve to_serve;
	if (find_production(watch, &version, f) != 0 || check_verifiable(watch, version, f) != 0)
		return -1;
	to_serve_init(&to_serve, &watch->registry, version, 0, watch->who);
	int result = publish(watch, &to_serve.model, f);
	to_serve_release(&to_serve);
	return result;
}

/* Time */

/* Each failure in a row doubles the pause. Many watches must not ask at one moment, so that a fifth
 * of it is left to chance. */
static int64_t pause_ms(const struct watch *watch, int in_vain, int64_t longest)
{
	int64_t ms = watch->call->settings.watch.every_ms;
	if (longest < ms)
		longest = ms;
	for (int i = 0; i < in_vain && ms < longest; i++)
		ms *= 2;
	if (ms > longest)
		ms = longest;
	uint32_t spread = (uint32_t)(ms * 2 / 5);
	return ms - spread / 2 + random_below(spread + 1);
}

static void note_try(struct watch *watch, bool failed, enum status status)
{
	int64_t longest = status == STATUS_REFUSED ? REFUSED_PAUSE_MS : TRY_PAUSE_MS;
	watch->tried_in_vain = failed ? watch->tried_in_vain + 1 : 0;
	int64_t pause = failed ? pause_ms(watch, watch->tried_in_vain, longest) : ANYHOW_MS;
	watch->try_at = clock_monotonic_ms() + pause;
}

/* A failure that lasts is told once. */
static void warn(struct watch *watch, const struct fail *f)
{
	if (text_equal(watch->warned, f->text))
		return;
	console_warn("%s", f->text);
	if (f->hint[0] != '\0')
		console_warn("hint: %s", f->hint);
	free(watch->warned);
	watch->warned = text_copy(f->text);
}

static void forget_warning(struct watch *watch)
{
	free(watch->warned);
	watch->warned = NULL;
}

static void note_answer(struct watch *watch)
{
	if (watch->asked_in_vain > 0) {
		console_say("%s: the registry answers again", watch->model);
		forget_warning(watch);
	}
	watch->asked_in_vain = 0;
}

/* Rounds */

static bool is_fatal(const struct watch *watch, const struct fail *f)
{
	if (status_is_stop(f->status) || watch->call->settings.watch.once)
		return true;
	return watch->told == 0 && (f->status == STATUS_CONFIGURATION || f->status == STATUS_USAGE);
}

static int one_round(struct watch *watch, struct fail *f)
{
	bool due = false;
	if (ask(watch, &due, f) != 0) {
		watch->asked_in_vain++;
		return -1;
	}
	note_answer(watch);
	if (!due)
		return 0;
	int result = act(watch, f);
	note_try(watch, result != 0, result != 0 ? f->status : STATUS_PROMOTED);
	if (result == 0)
		forget_warning(watch);
	return result;
}

static int run_rounds(struct watch *watch, struct fail *f)
{
	for (;;) {
		int result = one_round(watch, f);
		if (result != 0 && is_fatal(watch, f))
			return -1;
		if (result == 0 && watch->call->settings.watch.once)
			return 0;
		if (result != 0) {
			warn(watch, f);
			close_session(watch);
		}
		if (stop_sleep(pause_ms(watch, watch->asked_in_vain, ASK_PAUSE_MS), f) != 0)
			return -1;
	}
}

int watch_run(struct invocation *call, const char *model, struct fail *f)
{
	struct watch watch = {
		.call = call,
		.model = model,
		.into = file_absolute(call->settings.watch.into),
		.who = actor_name(),
	};
	int result = run_rounds(&watch, f);
	release(&watch);
	return result;
}
