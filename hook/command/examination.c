#include "command/examination.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/console.h"
#include "base/escape.h"
#include "flow/connect.h"
#include "mlflow/credentials.h"
#include "mlflow/platform.h"
#include "mlflow/server.h"
#include "mlflow/tracking_uri.h"
#include "packaging/json/json.h"

#define SKEW_TOLERATED_MS 60000

static void note(struct examination *e, struct cJSON *checks, const char *name, const char *verdict,
	const char *detail)
{
	struct cJSON *check = json_new_object();
	json_set_string(check, "name", name);
	json_set_string(check, "verdict", verdict);
	json_set_string(check, "detail", detail);
	json_append(checks, check);
	if (!e->call->settings.json) {
		char *line = text_format("%-8s %-12s %s\n", verdict, name, detail);
		console_print(line);
		free(line);
	}
}

static int try_row(struct examination *e, struct cJSON *checks, const struct examination_row *row,
	struct fail *f)
{
	struct text detail = {0};
	bool warns = false;
	int result = row->check(e, &detail, &warns, f);
	if (result != 0)
		note(e, checks, row->name, "FAILED", f->text);
	else if (detail.size > 0)
		note(e, checks, row->name, warns ? "warning" : "ok", text_string(&detail));
	text_release(&detail);
	return result;
}

/* Takes e->told. */
static void tell(struct examination *e, bool ok)
{
	json_set_bool(e->told, "ok", ok);
	char *line = json_take_text(e->told);
	e->told = NULL;
	if (e->call->settings.json) {
		console_print(line);
		console_print("\n");
	}
	free(line);
}

int examination_run(struct examination *e, const char *schema, int opening,
	const struct examination_row *rows, size_t count, struct fail *f)
{
	e->told = json_new_object();
	json_set_string(e->told, "schema", schema);
	struct cJSON *checks = json_set_array(e->told, "checks");
	int result = opening;
	for (size_t i = 0; result == 0 && i < count; i++)
		result = try_row(e, checks, &rows[i], f);
	tell(e, result == 0);
	return result;
}

int examination_settings(struct examination *e, struct text *detail, bool *warns, struct fail *f)
{
	(void)warns;
	if (tracking_uri_settle(&e->call->settings.mlflow, f) != 0)
		return -1;
	text_printf(detail, "%zu gates, deadline %" PRId64 " s", e->call->settings.gate_count,
		e->call->settings.deadline_ms / 1000);
	return 0;
}

int examination_server(struct examination *e, struct text *detail, bool *warns, struct fail *f)
{
	char *server = NULL;
	if (connect_session(e->session, e->call, f) != 0)
		return -1;
	if (mlflow_greet(&e->session->tracking.mlflow, &server, &e->skew_ms, f) != 0)
		return fail_wrap(f, "MLflow at %s", e->session->tracking.base);
	text_printf(detail, "MLflow %s at %s", server[0] != '\0' ? server : "(no version told)",
		e->session->tracking.base);
	const struct platform *platform = platform_of(e->session->tracking.base);
	if (platform != NULL) {
		text_printf(detail, "; %s", platform->limits);
		*warns = true;
	}
	free(server);
	return 0;
}

int examination_clock(struct examination *e, struct text *detail, bool *warns, struct fail *f)
{
	(void)f;
	int64_t skew = e->skew_ms;
	*warns = skew > SKEW_TOLERATED_MS || skew < -SKEW_TOLERATED_MS;
	text_printf(detail, "the server's clock is %.1f s %s ours",
		(double)(skew < 0 ? -skew : skew) / 1000, skew < 0 ? "behind" : "ahead of");
	return 0;
}

void examination_add_login(const struct examination *e, struct text *detail)
{
	const struct credentials *credentials = &e->session->tracking.credentials;
	text_printf(detail, "by %s", credentials->kind);
	if (credentials->user != NULL) {
		text_add_string(detail, ", user ");
		escape_add(detail, credentials->user, strlen(credentials->user));
	}
}
