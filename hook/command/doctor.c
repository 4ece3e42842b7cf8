/* doctor: can the server be reached, does it speak the API, who are we for it, what has it, and can
 * the places of artifacts and spool be written and read back. Each check is a row; the first that
 * fails decides the status. */
#include <stdint.h>
#include <stdio.h>

#include "base/fail.h"
#include "base/random.h"
#include "base/text.h"
#include "command/command.h"
#include "command/examination.h"
#include "command/store_probe.h"
#include "http/plan.h"
#include "mlflow/mlflow.h"
#include "mlflow/models.h"
#include "mlflow/session.h"
#include "mlflow/types.h"
#include "store/options.h"

static int check_credentials(
	struct examination *e, struct text *detail, bool *warns, struct fail *f)
{
	struct registered_models models = {0};
	(void)warns;
	if (mlflow_search_models(e->session->registry, &models, f) != 0)
		return -1;
	examination_add_login(e, detail);
	text_printf(detail, "; %zu registered models to see", models.count);
	registered_models_release(&models);
	return 0;
}

static int check_aliases(struct examination *e, struct text *detail, bool *warns, struct fail *f)
{
	bool has;
	(void)warns;
	if (mlflow_has_aliases(e->session->registry, "modelhook-doctor", &has, f) != 0)
		return -1;
	text_add_string(
		detail, has ? "kept in step with the stage" : "none here: stages alone are used");
	return 0;
}

/* A model that nobody uses, made and removed again, under a name that nobody has. Who may not make
 * one may still be allowed to register versions of those that are there. */
static int check_registry(struct examination *e, struct text *detail, bool *warns, struct fail *f)
{
	struct mlflow *mlflow = e->session->registry;
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
	return store_probe_artifacts(e->session, detail, warns, f);
}

static int check_spool(struct examination *e, struct text *detail, bool *warns, struct fail *f)
{
	struct store_reach reach = invocation_reach(e->call);
	struct plan *plan = e->session->tracking.mlflow.plan;
	return store_probe_spool(&reach, e->call->settings.spool, plan, detail, warns, f);
}

static const struct examination_row checks[] = {
	{"settings", examination_settings},
	{"server", examination_server},
	{"credentials", check_credentials},
	{"clock", examination_clock},
	{"aliases", check_aliases},
	{"registry", check_registry},
	{"artifacts", check_artifacts},
	{"spool", check_spool},
};

int command_doctor(struct invocation *call, struct fail *f)
{
	struct session session = {0};
	struct examination e = {.call = call, .session = &session};
	int opening = invocation_settle_here(call, f);
	int result = examination_run(
		&e, "modelhook/doctor@1", opening, checks, sizeof(checks) / sizeof(checks[0]), f);
	session_release(&session);
	return result;
}
