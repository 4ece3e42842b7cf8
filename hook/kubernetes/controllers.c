#include "kubernetes/controllers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "kubernetes/object.h"

const struct kubernetes_resource rollout_resource = {
	"apis/argoproj.io/v1alpha1", "rollouts", "rollout"};
const struct kubernetes_resource canary_resource = {
	"apis/flagger.app/v1beta1", "canaries", "canary"};
const struct kubernetes_resource inference_service_resource = {
	"apis/serving.kserve.io/v1beta1", "inferenceservices", "inferenceservice"};

/* A string of the object into a buffer, for a message; "" where there is none. */
static const char *words(const struct json_at *object, const char *path, char *buffer, size_t size)
{
	char *text = object_string(object, path);
	snprintf(buffer, size, "%s", text != NULL ? text : "");
	free(text);
	return buffer;
}

/* ": message", or nothing. */
static const char *and_words(
	const struct json_at *object, const char *path, char *buffer, size_t size)
{
	words(object, path, buffer + 2, size - 2);
	if (buffer[2] == '\0')
		return "";
	memcpy(buffer, ": ", 2);
	return buffer;
}

/* Argo Rollouts */

const char *rollout_refusal(const struct json_at *object)
{
	if (object_flag(object, "spec.paused"))
		return "is paused: a restart would not be finished until it is resumed";
	if (object_is(object, "status.phase", "Paused"))
		return "is paused in the middle of an update: promote or abort that first";
	return NULL;
}

static bool is_observed(const struct json_at *object)
{
	/* a string of digits; a hash in the first versions, which says nothing */
	char *text = object_string(object, "status.observedGeneration"), *end = NULL;
	long long observed = text != NULL ? strtoll(text, &end, 10) : 0;
	bool is_number = text != NULL && end != text && *end == '\0';
	free(text);
	return !is_number || observed >= object_integer(object, "metadata.generation", 0);
}

struct observed rollout_progress(const struct json_at *object, const char *restart_at)
{
	char phase[32], message[256];
	int64_t wanted = 0;
	(void)clock_parse_rfc3339(restart_at, &wanted);
	const char *more = and_words(object, "status.message", message, sizeof(message));
	words(object, "status.phase", phase, sizeof(phase));
	if (object_time(object, "spec.restartAt") < wanted)
		return observed_failed("lost its restartAt: somebody took it back");
	if (!is_observed(object))
		return observed_waiting("the controller has not seen the restart yet");
	if (strcmp(phase, "Degraded") == 0)
		return observed_failed("is Degraded%s", more);
	if (object_time(object, "status.restartedAt") < wanted)
		return observed_waiting("not all pods are restarted");
	if (strcmp(phase, "Healthy") != 0)
		return observed_waiting(
			"is %s%s", phase[0] != '\0' ? phase : "without a phase", more);
	return observed_done("%lld replicas restarted, it is Healthy",
		(long long)object_integer(object, "status.replicas", 0));
}

/* Flagger */

const char *canary_refusal(const struct json_at *object)
{
	if (object_flag(object, "spec.suspend"))
		return "is suspended: no analysis would start";
	if (object_is(object, "status.phase", "Initializing"))
		return "is not initialized yet";
	return NULL;
}

char *canary_applied(const struct json_at *object)
{
	return object_string(object, "status.lastAppliedSpec");
}

/* Once the template was promoted, both marks are the same; old versions have one alone. */
static bool is_promoted(const struct json_at *object, const char *now)
{
	return !object_has(object, "status.lastPromotedSpec") ||
	       object_is(object, "status.lastPromotedSpec", now);
}

struct observed canary_progress(const struct json_at *object, const char *applied)
{
	struct json_at promoted = object_condition(object, "Promoted");
	char phase[32], message[256];
	char *now = canary_applied(object);
	bool seen = now != NULL && !text_equal(now, applied),
	     done = seen && is_promoted(object, now);
	free(now);
	words(object, "status.phase", phase, sizeof(phase));
	if (!seen)
		return observed_waiting("Flagger has not seen the restart yet");
	if (strcmp(phase, "Failed") == 0)
		return observed_failed(
			"failed the analysis, the primary goes on with the old pods%s",
			and_words(&promoted, "message", message, sizeof(message)));
	if (strcmp(phase, "Succeeded") == 0 && done)
		return observed_done("the analysis succeeded, the primary is updated");
	return observed_waiting("the analysis is %s, weight %lld, %lld failed checks",
		phase[0] != '\0' ? phase : "without a phase",
		(long long)object_integer(object, "status.canaryWeight", 0),
		(long long)object_integer(object, "status.failedChecks", 0));
}

/* KServe */

/* Where the model stands: "model", or as in the first versions the name of a framework. */
static char *model_key(const struct json_at *object)
{
	struct json_at predictor;
	char *found = NULL;
	for (struct json_at at = object_first(object, "spec.predictor", &predictor);
		json_is_there(&at) && found == NULL; at = json_next(&at))
		if (at.key != NULL && object_has(&at, "storageUri"))
			found = text_copy(at.key);
	return found;
}

const char *inference_service_refusal(const struct json_at *object)
{
	struct json_at stopped = object_condition(object, "Stopped");
	int64_t percent = object_integer(object, "spec.predictor.canaryTrafficPercent", 100);
	if (object_is(&stopped, "status", "True"))
		return "is stopped";
	if (percent < 100)
		return "has a canaryTrafficPercent: a part of the requests would stay with the old "
		       "model";
	return NULL;
}

char *inference_service_uri(const struct json_at *object)
{
	char *key = model_key(object);
	struct json_at predictor = object_at(object, "spec.predictor");
	struct json_at model = key != NULL ? json_get(&predictor, key) : predictor;
	char *uri = key != NULL ? object_string(&model, "storageUri") : NULL;
	free(key);
	return uri;
}

char *inference_service_patch(const struct json_at *object, const char *uri)
{
	char *key = model_key(object);
	if (key == NULL)
		return NULL;
	struct cJSON *patch = json_new_object();
	struct cJSON *predictor = json_set_object(json_set_object(patch, "spec"), "predictor");
	json_set_string(json_set_object(predictor, key), "storageUri", uri);
	free(key);
	return json_take_text(patch);
}

static struct observed load_failed(const struct json_at *object, const char *transition)
{
	char reason[64], message[200], where[100];
	return observed_failed("is %s%s%s (%s)", transition,
		and_words(object, "status.modelStatus.lastFailureInfo.reason", reason,
			sizeof(reason)),
		and_words(object, "status.modelStatus.lastFailureInfo.message", message,
			sizeof(message)),
		words(object, "status.modelStatus.lastFailureInfo.location", where, sizeof(where)));
}

/* In serverless mode Ready stays true on the old revision while the new one starts. */
static bool is_rolled_out(const struct json_at *object)
{
	char *created = object_string(object, "status.components.predictor.latestCreatedRevision");
	bool is = created == NULL || created[0] == '\0' ||
		  (object_is(object, "status.components.predictor.latestReadyRevision", created) &&
			  object_is(object, "status.components.predictor.latestRolledoutRevision",
				  created));
	free(created);
	return is;
}

struct observed inference_service_progress(const struct json_at *object, int64_t generation)
{
	struct json_at ready = object_condition(object, "Ready");
	char transition[32], message[256];
	words(object, "status.modelStatus.transitionStatus", transition, sizeof(transition));
	if (object_integer(object, "status.observedGeneration", 0) < generation)
		return observed_waiting("the controller has not seen the new storageUri yet");
	if (strcmp(transition, "BlockedByFailedLoad") == 0 ||
		strcmp(transition, "InvalidSpec") == 0)
		return load_failed(object, transition);
	if (strcmp(transition, "UpToDate") != 0)
		return observed_waiting("the model is %s",
			transition[0] != '\0' ? transition : "without a transitionStatus");
	if (!is_rolled_out(object))
		return observed_waiting("the latest revision is not rolled out");
	if (!object_is(&ready, "status", "True"))
		return observed_waiting(
			"is not Ready%s", and_words(&ready, "message", message, sizeof(message)));
	return observed_done("the model is UpToDate, Ready");
}

/* What the spec says, and what of it is seen by the controller and done. */
static struct observed follows_spec(const struct json_at *object, const char *uri)
{
	const char *refusal = inference_service_refusal(object);
	char *now = inference_service_uri(object);
	struct observed observed = inference_service_progress(
		object, object_integer(object, "metadata.generation", 0));
	if (!text_equal(now, uri))
		observed = observed_waiting(
			"has the storageUri %.160s", now != NULL ? now : "of nothing");
	else if (refusal != NULL)
		observed = observed_waiting("%s", refusal);
	free(now);
	return observed;
}

struct observed inference_service_serves(const struct json_at *object, const char *uri)
{
	char state[32];
	struct observed observed = follows_spec(object, uri);
	words(object, "status.modelStatus.states.activeModelState", state, sizeof(state));
	if (observed.state != OBSERVED_DONE || strcmp(state, "Loaded") == 0)
		return observed;
	return observed_waiting(
		"its active model is %s", state[0] != '\0' ? state : "without an activeModelState");
}
