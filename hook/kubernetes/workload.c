#include "kubernetes/workload.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "kubernetes/object.h"

const struct kubernetes_resource workload_resources[WORKLOAD_KINDS] = {
	[WORKLOAD_DEPLOYMENT] = {"apis/apps/v1", "deployments", "deployment"},
	[WORKLOAD_STATEFULSET] = {"apis/apps/v1", "statefulsets", "statefulset"},
	[WORKLOAD_DAEMONSET] = {"apis/apps/v1", "daemonsets", "daemonset"},
};

const char *workload_kind_name(enum workload_kind kind)
{
	static const char *const names[WORKLOAD_KINDS] = {"Deployment", "StatefulSet", "DaemonSet"};
	return names[kind];
}

/* Selectors */

static void add_values(const struct json_at *expression, struct text *text)
{
	struct json_at list;
	const char *between = "";
	text_add_string(text, " (");
	for (struct json_at at = object_first(expression, "values", &list); json_is_there(&at);
		at = json_next(&at)) {
		char *value = object_string(&at, "");
		text_printf(text, "%s%s", between, value != NULL ? value : "");
		between = ",";
		free(value);
	}
	text_add_string(text, ")");
}

static void add_expression(const struct json_at *expression, struct text *text)
{
	char *key = object_string(expression, "key");
	const char *name = key != NULL ? key : "";
	text_add_string(text, text->size > 0 ? "," : "");
	if (object_is(expression, "operator", "Exists")) {
		text_add_string(text, name);
	} else if (object_is(expression, "operator", "DoesNotExist")) {
		text_printf(text, "!%s", name);
	} else {
		bool is_in = object_is(expression, "operator", "In");
		text_printf(text, "%s %s", name, is_in ? "in" : "notin");
		add_values(expression, text);
	}
	free(key);
}

char *kubernetes_selector(const struct json_at *selector)
{
	struct text text = {0};
	struct json_at list;
	for (struct json_at at = object_first(selector, "matchLabels", &list); json_is_there(&at);
		at = json_next(&at)) {
		char *value = object_string(&at, "");
		text_printf(&text, "%s%s=%s", text.size > 0 ? "," : "",
			at.key != NULL ? at.key : "", value != NULL ? value : "");
		free(value);
	}
	for (struct json_at at = object_first(selector, "matchExpressions", &list);
		json_is_there(&at); at = json_next(&at))
		add_expression(&at, &text);
	return text.size > 0 ? text_take(&text) : NULL;
}

/* Reading */

static void read_deployment(const struct json_at *object, struct workload *workload)
{
	struct json_at progressing = object_condition(object, "Progressing");
	struct json_at blocked = object_condition(object, "ReplicaFailure");
	workload->wanted = object_integer(object, "spec.replicas", -1);
	workload->replicas = object_integer(object, "status.replicas", 0);
	workload->updated = object_integer(object, "status.updatedReplicas", 0);
	workload->ready = object_integer(object, "status.readyReplicas", 0);
	workload->available = object_integer(object, "status.availableReplicas", 0);
	workload->terminating = object_integer(object, "status.terminatingReplicas", -1);
	workload->paused = object_flag(object, "spec.paused");
	if (object_is(&progressing, "reason", "ProgressDeadlineExceeded"))
		workload->failure = object_string(&progressing, "message");
	if (object_is(&blocked, "status", "True"))
		workload->blocked = object_string(&blocked, "message");
}

static void read_statefulset(const struct json_at *object, struct workload *workload)
{
	workload->wanted = object_integer(object, "spec.replicas", -1);
	workload->replicas = object_integer(object, "status.replicas", 0);
	workload->updated = object_integer(object, "status.updatedReplicas", 0);
	workload->ready = object_integer(object, "status.readyReplicas", 0);
	workload->available = object_integer(object, "status.availableReplicas", 0);
	workload->partition =
		object_integer(object, "spec.updateStrategy.rollingUpdate.partition", 0);
	workload->on_delete = object_is(object, "spec.updateStrategy.type", "OnDelete");
}

static void read_daemonset(const struct json_at *object, struct workload *workload)
{
	workload->wanted = object_integer(object, "status.desiredNumberScheduled", 0);
	workload->replicas = object_integer(object, "status.currentNumberScheduled", 0);
	workload->updated = object_integer(object, "status.updatedNumberScheduled", 0);
	workload->ready = object_integer(object, "status.numberReady", 0);
	workload->available = object_integer(object, "status.numberAvailable", 0);
	workload->on_delete = object_is(object, "spec.updateStrategy.type", "OnDelete");
}

static char *owning_canary(const struct json_at *object)
{
	struct json_at list;
	for (struct json_at at = object_first(object, "metadata.ownerReferences", &list);
		json_is_there(&at); at = json_next(&at))
		if (object_is(&at, "kind", "Canary"))
			return object_string(&at, "name");
	return NULL;
}

void workload_read(const struct json_at *object, enum workload_kind kind, struct workload *workload)
{
	struct json_at selector = object_at(object, "spec.selector");
	*workload = (struct workload){
		.kind = kind,
		.generation = object_integer(object, "metadata.generation", 0),
		.observed = object_integer(object, "status.observedGeneration", 0),
		.terminating = -1,
		.restarted_at =
			object_annotation(object, "spec.template.metadata", WORKLOAD_RESTARTED_AT),
		.selector = kubernetes_selector(&selector),
		.canary = owning_canary(object),
	};
	if (kind == WORKLOAD_DEPLOYMENT)
		read_deployment(object, workload);
	else if (kind == WORKLOAD_STATEFULSET)
		read_statefulset(object, workload);
	else
		read_daemonset(object, workload);
}

void workload_release(struct workload *workload)
{
	free(workload->failure);
	free(workload->blocked);
	free(workload->restarted_at);
	free(workload->selector);
	free(workload->canary);
	*workload = (struct workload){0};
}

const char *workload_refusal(const struct workload *workload)
{
	if (workload->paused)
		return "is paused: a restart would replace no pod until it is resumed";
	if (workload->on_delete)
		return "has the update strategy OnDelete: a restart replaces no pod";
	if (workload->canary != NULL)
		return "belongs to a Flagger Canary, which would undo the restart";
	return NULL;
}

/* Progress: the order is kubectl's. */

#define COUNT(number) ((long long)(number))

static struct observed deployment_progress(const struct workload *w)
{
	if (w->failure != NULL)
		return observed_failed("exceeded its progress deadline: %s", w->failure);
	if (w->wanted >= 0 && w->updated < w->wanted)
		return observed_waiting("%lld of %lld replicas are updated%s%s", COUNT(w->updated),
			COUNT(w->wanted), w->blocked != NULL ? ": " : "",
			w->blocked != NULL ? w->blocked : "");
	if (w->replicas > w->updated)
		return observed_waiting("%lld old replicas are pending termination",
			COUNT(w->replicas - w->updated));
	if (w->available < w->updated)
		return observed_waiting("%lld of %lld updated replicas are available",
			COUNT(w->available), COUNT(w->updated));
	if (w->terminating > 0)
		return observed_waiting("%lld pods are terminating", COUNT(w->terminating));
	return observed_done("%lld replicas updated", COUNT(w->updated));
}

static struct observed statefulset_progress(const struct workload *w)
{
	if (w->wanted >= 0 && w->ready < w->wanted)
		return observed_waiting(
			"%lld of %lld pods are ready", COUNT(w->ready), COUNT(w->wanted));
	if (w->wanted >= 0 && w->updated < w->wanted - w->partition)
		return observed_waiting("%lld of %lld pods are updated", COUNT(w->updated),
			COUNT(w->wanted - w->partition));
	if (w->partition > 0)
		return observed_done("%lld pods updated, the partition %lld keeps the others old",
			COUNT(w->updated), COUNT(w->partition));
	return observed_done("%lld pods updated", COUNT(w->updated));
}

static struct observed daemonset_progress(const struct workload *w)
{
	if (w->updated < w->wanted)
		return observed_waiting(
			"%lld of %lld pods are updated", COUNT(w->updated), COUNT(w->wanted));
	if (w->available < w->wanted)
		return observed_waiting("%lld of %lld updated pods are available",
			COUNT(w->available), COUNT(w->wanted));
	return observed_done("%lld pods updated", COUNT(w->updated));
}

struct observed workload_progress(const struct workload *workload, int64_t generation)
{
	if (workload->observed < workload->generation || workload->observed < generation)
		return observed_waiting("the controller has not seen the restart yet");
	if (workload->kind == WORKLOAD_DEPLOYMENT)
		return deployment_progress(workload);
	if (workload->kind == WORKLOAD_STATEFULSET)
		return statefulset_progress(workload);
	return daemonset_progress(workload);
}

/* Restarts */

static int64_t time_of(const char *text)
{
	int64_t ms = 0;
	return text != NULL && clock_parse_rfc3339(text, &ms) ? ms : 0;
}

bool workload_was_undone(const struct workload *workload, const char *restarted_at)
{
	return time_of(workload->restarted_at) < time_of(restarted_at);
}

void workload_restart_time(const struct workload *workload, int64_t now_ms, char out[32])
{
	int64_t seconds = now_ms / 1000, before = time_of(workload->restarted_at) / 1000;
	if (seconds == before)
		seconds++;
	clock_format_rfc3339(out, seconds * 1000);
}

char *workload_restart_patch(const char *restarted_at)
{
	struct cJSON *patch = json_new_object();
	struct cJSON *spec = json_set_object(patch, "spec");
	struct cJSON *metadata = json_set_object(json_set_object(spec, "template"), "metadata");
	json_set_string(
		json_set_object(metadata, "annotations"), WORKLOAD_RESTARTED_AT, restarted_at);
	return json_take_text(patch);
}
