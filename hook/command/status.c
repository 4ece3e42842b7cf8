/* status: who is Production, since when, by whom, with which numbers, and what is wrong. */
#include <stdlib.h>
#include <string.h>

#include "base/amount.h"
#include "base/console.h"
#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"
#include "command/command.h"
#include "command/operator.h"
#include "command/status_served.h"
#include "command/status_view.h"
#include "flow/connect.h"
#include "mlflow/session.h"
#include "packaging/json/json.h"
#include "registry/scan.h"

/* report - what was found, by model; printed when all of it is known */
struct report {
	const struct invocation *call;
	bool json;
	bool table; /* of many models, in rows */
	struct report_model {
		char *name;  /* owned, as are the others */
		char *shown; /* the text or the JSON */
		struct table row;
		char *details; /* what is wrong, below the table */
		bool wrong;
	} * models;
	size_t count;
};

/* One model's, as JSON or as text, with what the service says where that was asked. */
static int show_model(const struct report *report, const struct registry_state *state,
	const struct anomalies *anomalies, struct text *shown, struct fail *f)
{
	struct served_status served = {0};
	bool asks = report->call->settings.ask_service;
	const char *model = state->model.name;
	if (asks && status_served_ask(report->call, state, &served, f) != 0)
		return -1;
	if (report->json) {
		struct cJSON *object = status_view_json(model, state, anomalies);
		if (asks)
			json_set(object, "in_use", status_served_json(&served));
		char *line = json_take_text(object);
		text_add_string(shown, line);
		free(line);
	} else {
		status_view_text(shown, model, state, anomalies);
		if (asks)
			status_served_text(&served, shown);
	}
	status_served_release(&served);
	return 0;
}

static int take_model(void *context, const struct registry_state *state,
	const struct anomalies *anomalies, struct fail *f)
{
	struct report *report = context;
	const char *model = state->model.name;
	struct text shown = {0}, details = {0};
	struct table row = {.columns = STATUS_VIEW_COLUMNS};
	if (report->table && !report->json) {
		status_view_row(&row, model, state, anomalies);
		status_view_anomalies(&details, model, anomalies);
	} else if (show_model(report, state, anomalies, &shown, f) != 0) {
		return -1;
	}
	report->models = memory_grow(report->models, report->count + 1, sizeof(*report->models));
	report->models[report->count++] = (struct report_model){
		.name = text_copy(model),
		.shown = text_take(&shown),
		.row = row,
		.details = text_take(&details),
		.wrong = anomalies->count > 0,
	};
	return 0;
}

static void model_release(struct report_model *model)
{
	free(model->name);
	free(model->shown);
	table_release(&model->row);
	free(model->details);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(
		((const struct report_model *)a)->name, ((const struct report_model *)b)->name);
}

/* A model that came up twice counts once. */
static void sort_models(struct report *report)
{
	size_t kept = 0;
	if (report->count > 1)
		qsort(report->models, report->count, sizeof(*report->models), by_name);
	for (size_t i = 0; i < report->count; i++) {
		struct report_model *model = &report->models[i];
		if (kept > 0 && strcmp(report->models[kept - 1].name, model->name) == 0)
			model_release(model);
		else
			report->models[kept++] = *model;
	}
	report->count = kept;
}

static void add_models(const struct report *report, struct text *text)
{
	const char *between = report->json ? "," : "\n";
	for (size_t i = 0; i < report->count; i++) {
		text_add_string(text, i > 0 ? between : "");
		text_add_string(text, report->models[i].shown);
	}
}

/* One model alone is an object by itself. */
static void print_json(const struct report *report, bool alone)
{
	struct text text = {0};
	text_add_string(&text, "{\"schema\":\"modelhook/status@1\",");
	if (alone)
		text_add_string(&text, report->models[0].shown + 1);
	else
		text_add_string(&text, "\"models\":[");
	if (!alone) {
		add_models(report, &text);
		text_add_string(&text, "]}");
	}
	text_add_string(&text, "\n");
	console_print(text_string(&text));
	text_release(&text);
}

static void print_table(struct report *report)
{
	struct text text = {0};
	struct table table;
	size_t wrong = 0;
	status_view_head(&table);
	for (size_t i = 0; i < report->count; i++)
		table_append(&table, &report->models[i].row);
	table_print(&table, console_columns(), &text);
	table_release(&table);
	for (size_t i = 0; i < report->count; i++) {
		text_add_string(
			&text, report->models[i].details != NULL ? report->models[i].details : "");
		wrong += report->models[i].wrong;
	}
	amount_add_counted(&text, report->count, "model");
	text_printf(&text, ", %zu with problems%s\n", wrong, wrong > 0 ? ": modelhook repair" : "");
	console_print(text_string(&text));
	text_release(&text);
}

static void print_texts(const struct report *report)
{
	struct text text = {0};
	add_models(report, &text);
	console_print(text_string(&text));
	text_release(&text);
}

static void report_release(struct report *report)
{
	for (size_t i = 0; i < report->count; i++)
		model_release(&report->models[i]);
	free(report->models);
}

static int look(struct invocation *call, struct report *report, struct fail *f)
{
	struct session session = {0};
	int result = 0;
	for (int i = 0; result == 0 && i < call->argc; i++)
		result = operator_check_model(call->argv[i], f);
	if (result == 0)
		result = invocation_settle_here(call, f);
	if (result == 0)
		result = connect_session(&session, call, f);
	if (result == 0 && call->argc == 0) {
		result = scan_registry(
			&call->settings.registry, session.registry, take_model, report, f);
		sort_models(report);
	}
	for (int i = 0; result == 0 && i < call->argc; i++)
		result = scan_model(&call->settings.registry, session.registry, call->argv[i],
			take_model, report, f);
	session_release(&session);
	return result;
}

int command_status(struct invocation *call, struct fail *f)
{
	struct report report = {
		.call = call, .json = call->settings.json, .table = call->argc == 0};
	/* the settings name one service, which serves one model */
	if (call->settings.ask_service && call->argc != 1)
		return fail_set(f, STATUS_USAGE, "--served is about one model: name it");
	int result = look(call, &report, f);
	if (result == 0 && report.json)
		print_json(&report, call->argc == 1);
	else if (result == 0)
		report.table ? print_table(&report) : print_texts(&report);
	report_release(&report);
	return result;
}
