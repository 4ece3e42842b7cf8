/* doctor: can the server be reached, does it speak the API, who are we for it, what has it, and can
 * the places of artifacts and spool be written and read back. Each check is a row; the first that
 * fails decides the status. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/console.h"
#include "base/escape.h"
#include "base/fail.h"
#include "base/random.h"
#include "base/text.h"
#include "command/command.h"
#include "command/store_probe.h"
#include "flow/connect.h"
#include "http/plan.h"
#include "mlflow/credentials.h"
#include "mlflow/mlflow.h"
#include "mlflow/models.h"
#include "mlflow/platform.h"
#include "mlflow/server.h"
#include "mlflow/session.h"
#include "mlflow/tracking_uri.h"
#include "mlflow/types.h"
#include "packaging/json/json.h"
#include "store/options.h"

#define SKEW_TOLERATED_MS 60000

struct examination {
	struct invocation *call;
	struct session session;
	int64_t skew_ms;      /* the server's clock minus ours */
	struct cJSON *checks; /* [{name, ok, detail}] */
};

static void note(struct examination *e, const char *name, const char *verdict, const char *detail)
{
	struct cJSON *check = json_new_object();
	json_set_string(check, "name", name);
	json_set_string(check, "verdict", verdict);
	json_set_string(check, "detail", detail);
	json_append(e->checks, check);
	if (!e->call->settings.json) {
		char *line = text_format("%-8s %-12s %s\n", verdict, name, detail);
		console_print(line);
		free(line);
	}
}

/* A check that has nothing to look at leaves detail empty. */
typedef int check_function(struct examination *e, struct text *detail, bool *warns, struct fail *f);

static int check_settings(struct examination *e, struct text *detail, bool *warns, struct fail *f)
{
	(void)warns;
	if (tracking_uri_settle(&e->call->settings.mlflow, f) != 0)
		return -1;
	text_printf(detail, "%zu gates, deadline %" PRId64 " s", e->call->settings.gate_count,
		e->call->settings.deadline_ms / 1000);
	return 0;
}

static int check_server(struct examination *e, struct text *detail, bool *warns, struct fail *f)
{
	char *server = NULL;
	if (connect_session(&e->session, e->call, f) != 0)
		return -1;
	if (mlflow_greet(&e->session.tracking.mlflow, &server, &e->skew_ms, f) != 0)
		return fail_wrap(f, "MLflow at %s", e->session.tracking.base);
	text_printf(detail, "MLflow %s at %s", server[0] != '\0' ? server : "(no version told)",
		e->session.tracking.base);
	const struct platform *platform = platform_of(e->session.tracking.base);
	if (platform != NULL) {
		text_printf(detail, "; %s", platform->limits);
		*warns = true;
	}
	free(server);
	return 0;
}

static int check_credentials(
	struct examination *e, struct text *detail, bool *warns, struct fail *f)
{
	const struct credentials *credentials = &e->session.tracking.credentials;
	struct registered_models models = {0};
	(void)warns;
	if (mlflow_search_models(e->session.registry, &models, f) != 0)
		return -1;
	text_printf(detail, "by %s", credentials->kind);
	if (credentials->user != NULL) {
		text_add_string(detail, ", user ");
		escape_add(detail, credentials->user, strlen(credentials->user));
	}
	text_printf(detail, "; %zu registered models to see", models.count);
	registered_models_release(&models);
	return 0;
}

static int check_clock(struct examination *e, struct text *detail, bool *warns, struct fail *f)
{
	(void)f;
	int64_t skew = e->skew_ms;
	*warns = skew > SKEW_TOLERATED_MS || skew < -SKEW_TOLERATED_MS;
	text_printf(detail, "the server's clock is %.1f s %s ours",
		(double)(skew < 0 ? -skew : skew) / 1000, skew < 0 ? "behind" : "ahead of");
	return 0;
}

static int check_aliases(struct examination *e, struct text *detail, bool *warns, struct fail *f)
{
	bool has;
	(void)warns;
	if (mlflow_has_aliases(e->session.registry, "modelhook-doctor", &has, f) != 0)
		return -1;
	text_add_string(
		detail, has ? "kept in step with the stage" : "none here: stages alone are used");
	return 0;
}

/* A model that nobody uses, made and removed again, under a name that nobody has. Who may not make
 * one may still be allowed to register versions of those that are there. */
static int check_registry(struct examination *e, struct text *detail, bool *warns, struct fail *f)
{
	struct mlflow *mlflow = e->session.registry;
	char name[40];
	snprintf(name, sizeof(name), "modelhook-doctor-%08x", (unsigned)random_below(UINT32_MAX));
	if (mlflow_create_model(mlflow, name, f) != 0) {
		*warns = f->status == STATUS_DENIED || f->status == STATUS_REFUSED;
		text_printf(detail, "may not create a registered model: %s", f->text);
		return *warns ? 0 : -1;
	}
	if (mlflow_delete_model(mlflow, name, f) != 0) {
		*warns = true;
		text_printf(detail,
			"a registered model was created, but %s could not be deleted: %s", name,
			f->text);
		return 0;
	}
	text_printf(detail, "a registered model %screated and deleted again",
		mlflow->plan != NULL ? "would be " : "");
	return 0;
}

static int check_artifacts(struct examination *e, struct text *detail, bool *warns, struct fail *f)
{
	return store_probe_artifacts(&e->session, detail, warns, f);
}

static int check_spool(struct examination *e, struct text *detail, bool *warns, struct fail *f)
{
	struct store_reach reach = invocation_reach(e->call);
	struct plan *plan = e->session.tracking.mlflow.plan;
	return store_probe_spool(&reach, e->call->settings.spool, plan, detail, warns, f);
}

static const struct {
	const char *name;
	check_function *function;
} checks[] = {
	{"settings", check_settings},
	{"server", check_server},
	{"credentials", check_credentials},
	{"clock", check_clock},
	{"aliases", check_aliases},
	{"registry", check_registry},
	{"artifacts", check_artifacts},
	{"spool", check_spool},
};

static int examine(struct examination *e, struct fail *f)
{
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		struct text detail = {0};
		bool warns = false;
		int result = checks[i].function(e, &detail, &warns, f);
		if (result != 0)
			note(e, checks[i].name, "FAILED", f->text);
		else if (detail.size > 0)
			note(e, checks[i].name, warns ? "warning" : "ok", text_string(&detail));
		text_release(&detail);
		if (result != 0)
			return -1;
	}
	return 0;
}

static void tell(struct examination *e, const struct fail *f)
{
	if (!e->call->settings.json)
		return;
	struct cJSON *object = json_new_object();
	json_set_string(object, "schema", "modelhook/doctor@1");
	json_set_bool(object, "ok", f == NULL);
	json_set(object, "checks", e->checks);
	e->checks = NULL;
	char *line = json_take_text(object);
	console_print(line);
	console_print("\n");
	free(line);
}

int command_doctor(struct invocation *call, struct fail *f)
{
	struct examination e = {.call = call, .checks = json_new_array()};
	int result = invocation_settle_here(call, f);
	if (result == 0)
		result = examine(&e, f);
	tell(&e, result == 0 ? NULL : f);
	session_release(&e.session);
	json_release(e.checks);
	return result;
}
