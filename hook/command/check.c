/* check: before hours of training, whether what comes after it will do: settings, gates, spool,
 * server, credentials, run, the model's name and the store. It writes nothing, and proves nothing
 * that takes a write: that is `doctor`. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/console.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/stop.h"
#include "base/text.h"
#include "command/command.h"
#include "command/examination.h"
#include "command/operator.h"
#include "flow/challenger.h"
#include "flow/connect.h"
#include "flow/flow.h"
#include "gate/gate.h"
#include "mlflow/types.h"
#include "packaging/json/json.h"
#include "packaging/package/handoff_read.h"
#include "packaging/package/manifest.h"
#include "spool/local.h"
#include "spool/remote.h"
#include "store/store.h"
#include "stores/location.h"
#include "stores/open.h"

enum {
	CHECK_MS = 15000, /* all of it: a job waits for the answer */
	CHECK_RETRIES = 1,
	NAMED_MAX = 5, /* packages that wait, by name */
};

/* struct check - owns the flow, and the handoff in the manifest */
struct check {
	struct flow flow;
	struct manifest manifest; /* of a package that is not there yet */
	char *folder;		  /* of the handoff */
	bool has_handoff;	  /* else the model and its run are told by flags */
};

static struct check *check_of(struct examination *e)
{
	return e->context;
}

static int check_handoff(struct examination *e, struct text *detail, bool *warns, struct fail *f)
{
	struct check *check = check_of(e);
	struct handoff *handoff = &check->manifest.handoff;
	(void)warns;
	if (check->has_handoff && handoff_read(e->call->argv[0], handoff, f) != 0)
		return -1;
	if (!check->has_handoff) {
		handoff->model = text_copy(e->call->settings.model);
		handoff->run_id = text_copy(e->call->settings.run_id);
		handoff->artifact_path = text_copy("model");
	}
	/* the sizes are known by then */
	check->manifest.file_count = handoff->logged_model == NULL ? 1 : 0;
	flow_begin(&check->flow, e->call, &check->manifest, NULL);
	text_printf(detail, "model %s", handoff->model);
	if (handoff->run_id != NULL)
		text_printf(detail, ", run %s", handoff->run_id);
	return 0;
}

static int check_gates(struct examination *e, struct text *detail, bool *warns, struct fail *f)
{
	const struct settings *settings = &e->call->settings;
	(void)f;
	*warns = settings->gate_count == 0;
	if (*warns)
		text_add_string(detail, GATE_NONE);
	for (size_t i = 0; i < settings->gate_count; i++)
		text_printf(detail, "%s%s", i > 0 ? "; " : "", settings->gates[i].name);
	return 0;
}

static void tell_waiting(struct examination *e, const struct spool_waiting *waiting,
	const char *place, struct text *detail)
{
	struct cJSON *list = json_set_array(e->told, "waiting");
	text_printf(detail, "%zu package%s wait%s in %s: ", waiting->count,
		waiting->count == 1 ? "" : "s", waiting->count == 1 ? "s" : "", place);
	for (size_t i = 0; i < waiting->count; i++) {
		json_append(list, json_new_string(waiting->items[i].name));
		if (i < NAMED_MAX)
			text_printf(detail, "%s%s", i > 0 ? ", " : "", waiting->items[i].name);
	}
	text_printf(detail, "%s; finish with: modelhook replay --all --spool %s",
		waiting->count > NAMED_MAX ? ", ..." : "", place);
}

static int look_into_spool(
	struct examination *e, const char *place, struct text *detail, bool *warns, struct fail *f)
{
	struct spool_remote spool;
	struct spool_waiting waiting = {0};
	struct store_reach reach = invocation_reach(e->call);
	if (spool_remote_open(&spool, &reach, place, f) != 0)
		return -1;
	int result = spool_remote_list(&spool, &waiting, f);
	char *shown = location_show(place);
	*warns = result == 0 && waiting.count > 0;
	if (*warns)
		tell_waiting(e, &waiting, shown, detail);
	else
		text_printf(detail, "nothing waits in %s", shown);
	free(shown);
	spool_waiting_release(&waiting);
	spool_remote_release(&spool);
	return result;
}

static int check_spool(struct examination *e, struct text *detail, bool *warns, struct fail *f)
{
	const char *named = e->call->settings.spool;
	char *beside = file_join(check_of(e)->folder, SPOOL_FOLDER);
	char *place = named != NULL ? text_copy(named) : file_absolute(beside);
	int result = 0;
	char *shown = location_show(place);
	json_set_string(e->told, "spool", shown);
	if (location_is_url(place) || file_is_there(place))
		result = look_into_spool(e, place, detail, warns, f);
	else
		text_printf(detail, "nothing waits in %s", shown);
	free(shown);
	free(place);
	free(beside);
	return result;
}

static int check_run(struct examination *e, struct text *detail, bool *warns, struct fail *f)
{
	struct check *check = check_of(e);
	struct flow *flow = &check->flow;
	(void)warns;
	if (check->manifest.handoff.run_id == NULL)
		return 0;
	if (connect_run(flow, f) != 0)
		return -1;
	if (check->has_handoff && challenger_check(flow, f) != 0)
		return -1;
	text_printf(detail, "%s", flow->run.name != NULL ? flow->run.name : flow->run.id);
	return 0;
}

static int check_model(struct examination *e, struct text *detail, bool *warns, struct fail *f)
{
	struct flow *flow = &check_of(e)->flow;
	(void)warns;
	if (connect_registry(flow, f) != 0)
		return -1;
	text_printf(detail, "%s, read ", flow->registry.model);
	examination_add_login(e, detail);
	return 0;
}

/* Reading is what can be tried without leaving anything behind. */
static int check_artifacts(struct examination *e, struct text *detail, bool *warns, struct fail *f)
{
	struct flow *flow = &check_of(e)->flow;
	struct store_listing listing = {0};
	(void)warns;
	if (flow->run.id == NULL)
		return 0;
	if (store_open(&flow->store, &flow->session.tracking.mlflow, &flow->run,
		    flow->run.artifact_uri, f) != 0)
		return -1;
	char *shown = location_show(flow->run.artifact_uri);
	int result = store_list(&flow->store, flow->manifest->handoff.artifact_path, &listing, f);
	if (result != 0)
		fail_wrap(f, "artifacts in %.160s", shown);
	text_printf(detail, "%s can be read", shown);
	store_listing_release(&listing);
	free(shown);
	return result;
}

static const struct examination_row rows[] = {
	{"handoff", check_handoff},
	{"settings", examination_settings},
	{"gates", check_gates},
	{"spool", check_spool},
	{"server", examination_server},
	{"clock", examination_clock},
	{"run", check_run},
	{"model", check_model},
	{"artifacts", check_artifacts},
};

static int check_flags(const struct invocation *call, struct fail *f)
{
	const struct settings *settings = &call->settings;
	if (settings->model == NULL && call->argc == 0)
		return fail_set(f, STATUS_USAGE, "check takes: HANDOFF, or --model NAME");
	if (settings->model == NULL && settings->run_id != NULL)
		return fail_set(
			f, STATUS_USAGE, "--run goes with --model: a handoff names its run");
	if (settings->run_id != NULL && !text_is_hex(settings->run_id, 32))
		return fail_set(f, STATUS_USAGE, "--run takes 32 lower-case hex digits");
	return settings->model != NULL ? operator_check_model(settings->model, f) : 0;
}

/* A server that is away is worth one more try, not minutes. */
static int open_check(struct invocation *call, const char *folder, struct fail *f)
{
	struct settings *settings = &call->settings;
	if (check_flags(call, f) != 0 || invocation_settle(call, folder, f) != 0)
		return -1;
	if (settings->deadline_ms == 0 || settings->deadline_ms > CHECK_MS) {
		call->deadline = deadline_in(CHECK_MS);
		stop_limit(call->deadline);
	}
	if (settings->http.max_retries > CHECK_RETRIES)
		settings->http.max_retries = CHECK_RETRIES;
	return 0;
}

int command_check(struct invocation *call, struct fail *f)
{
	struct check check = {
		.folder = call->argc > 0 ? file_folder(call->argv[0]) : text_copy("."),
		.has_handoff = call->settings.model == NULL,
	};
	struct examination e = {.call = call, .context = &check, .session = &check.flow.session};
	int opening = open_check(call, check.folder, f);
	int result = examination_run(
		&e, "modelhook/check@1", opening, rows, sizeof(rows) / sizeof(rows[0]), f);
	flow_release(&check.flow);
	handoff_release(&check.manifest.handoff);
	free(check.folder);
	return result;
}
