#include "flow/reload.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/console.h"
#include "base/text.h"
#include "deploy/deploy.h"
#include "deploy/kind.h"
#include "flow/to_serve.h"
#include "mlflow/types.h"
#include "packaging/json/json.h"
#include "registry/golden_fetch.h"
#include "registry/model_uuid.h"
#include "registry/production_period.h"
#include "served/cluster.h"
#include "served/covers.h"
#include "served/probe.h"
#include "served/prove.h"
#include "served/server.h"

/* struct reloading - one version on its way; must not be moved */
struct reloading {
	struct delivery *delivery;
	struct to_serve to_serve;
	struct golden golden;
	double tolerance; /* of the training; 0: none was stated */
	char *uuid;
	struct served_samples before;
	struct served_probe probe;
	struct served_cluster cluster;
	bool proven; /* before anything was reloaded */
};

void delivery_release(struct delivery *delivery)
{
	json_release(delivery->figures);
	delivery->figures = NULL;
}

static bool needs_uuid(const struct settings *settings)
{
	return settings->served != NULL && settings->served->identity == SERVED_MODEL_UUID;
}

/* Without golden requests an identity alone has to do, if the server tells one. */
static int open_golden(struct reloading *reloading, const struct version *version, struct fail *f)
{
	const struct registry *registry = reloading->delivery->registry;
	const struct settings *settings = &reloading->delivery->call->settings;
	const struct served *served = settings->served;
	long long number = (long long)version->number;
	if (served == NULL || !served->golden.is_asked || settings->mlflow.plan)
		return 0;
	if (golden_fetch(registry->mlflow, registry->model, version, &reloading->golden,
		    &reloading->tolerance, f) != 0)
		return -1;
	if (reloading->golden.count > 0)
		return 0;
	if (!served->server->needs_golden) {
		console_warn("version %lld has no golden requests: its answers are not compared",
			number);
		return 0;
	}
	fail_set(f, STATUS_NOT_SERVED,
		"version %lld has no golden requests, and a server of kind %s "
		"says nothing else of its model",
		number, served->server->name);
	return fail_hint(
		f, "record them at training: write_handoff(golden=[(input, output), ...])");
}

static int open_version(struct reloading *reloading, struct delivery *delivery, int64_t number,
	int64_t instead, struct fail *f)
{
	struct registry *registry = delivery->registry;
	const struct version *version = state_version(&registry->state, number);
	*reloading = (struct reloading){.delivery = delivery};
	if (version == NULL)
		return fail_set(f, STATUS_REFUSED, "%s has no version %lld", registry->model,
			(long long)number);
	if (needs_uuid(&delivery->call->settings) &&
		model_uuid_read(registry->mlflow, registry->model, version, &reloading->uuid, f) !=
			0)
		return -1;
	if (open_golden(reloading, version, f) != 0)
		return -1;
	to_serve_init(&reloading->to_serve, registry, version, instead, delivery->who);
	reloading->to_serve.model.model_uuid = reloading->uuid;
	if (delivery->at_hand == number) {
		reloading->to_serve.package = delivery->package;
		reloading->to_serve.manifest = delivery->manifest;
	}
	return 0;
}

static void close_version(struct reloading *reloading)
{
	served_probe_release(&reloading->probe);
	served_samples_release(&reloading->before);
	served_cluster_close(&reloading->cluster);
	to_serve_release(&reloading->to_serve);
	golden_release(&reloading->golden);
	free(reloading->uuid);
}

/* Targets */

/* As far as the proof before the reload tells. */
static bool is_served_already(const struct reloading *reloading, const struct deploy_target *target)
{
	const struct served *served = reloading->delivery->call->settings.served;
	return reloading->proven && served_covers(served, target);
}

static int ask_served(
	void *context, const struct deploy_target *target, bool *served, struct fail *f)
{
	(void)f;
	*served = is_served_already(context, target);
	return 0;
}

static bool all_are_served_already(const struct reloading *reloading)
{
	const struct settings *settings = &reloading->delivery->call->settings;
	bool all = reloading->proven;
	for (size_t i = 0; i < settings->deploy_count; i++)
		all = all && is_served_already(reloading, &settings->deploy[i]);
	return all;
}

static int reload_target(
	struct reloading *reloading, const struct deploy_target *target, struct fail *f)
{
	struct invocation *call = reloading->delivery->call;
	struct deploy_call target_call = {.model = &reloading->to_serve.model,
		.http = &call->settings.http,
		.deadline = call->deadline,
		.is_served = ask_served,
		.served_context = reloading};
	struct text did = {0};
	int64_t started = clock_monotonic_ms();
	int result = 0;
	if (call->settings.mlflow.plan) {
		text_add_string(&did, "would ");
		target->kind->would(target, &reloading->to_serve.model, &did);
	} else {
		result = deploy_reload(target, &target_call, &did, f);
	}
	if (result == 0)
		invocation_add_step(
			call, target->name, clock_monotonic_ms() - started, text_string(&did));
	text_release(&did);
	return result;
}

static int reload_targets(struct reloading *reloading, struct fail *f)
{
	const struct settings *settings = &reloading->delivery->call->settings;
	for (size_t i = 0; i < settings->deploy_count; i++)
		if (reload_target(reloading, &settings->deploy[i], f) != 0)
			return -1;
	return 0;
}

/* Proof */

static struct served_call call_of(struct reloading *reloading)
{
	const struct invocation *call = reloading->delivery->call;
	return (struct served_call){
		.deploy = {.model = &reloading->to_serve.model,
			.http = &call->settings.http,
			.deadline = call->deadline},
		.golden = reloading->golden.count > 0 ? &reloading->golden : NULL,
		.tolerance = reloading->tolerance,
		.cluster = &reloading->cluster,
	};
}

static void add_latency(
	struct cJSON *figures, const char *phase, const struct served_samples *samples)
{
	struct served_latency latency = served_latency_of(samples);
	if (latency.requests == 0)
		return;
	struct cJSON *object = json_set_object(figures, phase);
	json_set_number(object, "requests", (double)latency.requests);
	json_set_number(object, "errors", (double)latency.errors);
	json_set_number(object, "p50_ms", (double)latency.p50_ms);
	json_set_number(object, "p95_ms", (double)latency.p95_ms);
}

/* From the promotion, as the version's history has it, to the proof; 0: nobody noted it. */
static int64_t time_to_serve(const struct reloading *reloading, int64_t proven_ms)
{
	struct production_periods periods;
	production_periods_read(&reloading->delivery->registry->state, &periods);
	const struct production_period *period =
		production_periods_present(&periods, reloading->to_serve.model.version);
	int64_t ms = period != NULL && period->recorded ? proven_ms - period->from_ms : 0;
	production_periods_release(&periods);
	return ms > 0 ? ms : 0;
}

static void add_samples(struct served_samples *to, const struct served_samples *from)
{
	for (size_t i = 0; i < from->count; i++)
		served_samples_add(to, from->ms[i], false);
	to->errors += from->errors;
}

static void keep_figures(struct reloading *reloading, const struct served_report *report)
{
	struct delivery *delivery = reloading->delivery;
	struct cJSON *figures = json_new_object();
	int64_t after = time_to_serve(reloading, report->at_ms);
	if (report->replicas > 0)
		json_set_number(figures, "replicas", (double)report->replicas);
	json_set_number(figures, "rounds", (double)delivery->call->settings.served->rounds);
	if (after > 0)
		json_set_number(figures, "after_ms", (double)after);
	if (reloading->golden.count > 0)
		json_set_number(figures, "golden", (double)reloading->golden.count);
	add_samples(&reloading->probe.samples, &report->waiting);
	add_latency(figures, "before", &reloading->before);
	add_latency(figures, "during", &reloading->probe.samples);
	add_latency(figures, "after", &report->agreed);
	json_release(delivery->figures);
	delivery->figures = figures;
}

static void tell_served(
	struct reloading *reloading, const struct served_report *report, int64_t started)
{
	struct invocation *call = reloading->delivery->call;
	struct served_latency latency = served_latency_of(&report->agreed);
	struct text did = {0};
	text_printf(&did, "version %lld", (long long)reloading->to_serve.model.version);
	if (report->replicas > 0)
		text_printf(&did, " on %zu replica%s", report->replicas,
			report->replicas == 1 ? "" : "s");
	text_printf(&did, ", %lld rounds in a row", (long long)call->settings.served->rounds);
	if (latency.requests > 0)
		text_printf(&did, " (p50 %lld ms, p95 %lld ms)", (long long)latency.p50_ms,
			(long long)latency.p95_ms);
	invocation_add_step(call, "served", clock_monotonic_ms() - started, text_string(&did));
	text_release(&did);
}

static int prove(struct reloading *reloading, struct fail *f)
{
	const struct served *served = reloading->delivery->call->settings.served;
	struct served_call call = call_of(reloading);
	struct served_report report;
	int64_t started = clock_monotonic_ms();
	int result = served_prove(served, &call, &report, f);
	served_probe_end(&reloading->probe);
	if (result == 0) {
		keep_figures(reloading, &report);
		tell_served(reloading, &report, started);
	}
	served_report_release(&report);
	return result;
}

static void tell_plan(struct reloading *reloading)
{
	struct invocation *call = reloading->delivery->call;
	const struct served *served = call->settings.served;
	bool by_cluster = served->server->look != NULL;
	char *did = text_format("would ask %s%s until it serves version %lld",
		by_cluster ? "for inferenceservice/" : "",
		by_cluster ? served->inference_service.name : served->service.url,
		(long long)reloading->to_serve.model.version);
	invocation_add_step(call, "served", 0, did);
	free(did);
}

/* All of it */

static int reload_watched(struct reloading *reloading, struct fail *f)
{
	const struct served *served = reloading->delivery->call->settings.served;
	struct served_call call = call_of(reloading);
	if (served_is_proven(served, &call, &reloading->proven, f) != 0)
		return -1;
	reloading->delivery->reloaded = !all_are_served_already(reloading);
	if (reloading->delivery->reloaded) {
		if (served_measure(served, &call, &reloading->before, f) != 0)
			return -1;
		served_probe_start(&reloading->probe, served, &call);
	}
	return reload_targets(reloading, f) == 0 ? prove(reloading, f) : -1;
}

int reload_and_prove(struct delivery *delivery, int64_t number, int64_t instead, struct fail *f)
{
	const struct settings *settings = &delivery->call->settings;
	struct reloading reloading;
	int result = open_version(&reloading, delivery, number, instead, f);
	if (result == 0 && settings->mlflow.plan) {
		result = reload_targets(&reloading, f);
		if (result == 0 && settings->served != NULL)
			tell_plan(&reloading);
	} else if (result == 0) {
		result = settings->served != NULL ? reload_watched(&reloading, f)
						  : reload_targets(&reloading, f);
	}
	close_version(&reloading);
	return result;
}

int reload_prove(struct delivery *delivery, int64_t number, struct fail *f)
{
	struct reloading reloading;
	int result = open_version(&reloading, delivery, number, 0, f);
	if (result == 0)
		result = prove(&reloading, f);
	close_version(&reloading);
	return result;
}
