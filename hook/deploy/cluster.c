#include "deploy/cluster.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/console.h"
#include "base/fail.h"
#include "base/memory.h"
#include "base/stop.h"
#include "deploy/kind.h"
#include "kubernetes/object.h"

enum {
	FIRST_PAUSE_MS = 250,
	LONGEST_PAUSE_MS = 2000,
	KEYS_MAX = 16,
};

/* Who kubectl rollout restart is noted as: what looks after the fields of others often has a rule
 * for it. */
#define FIELD_MANAGER "kubectl-rollout"

/* Settings */

static int check_keys(const struct json_at *object, const char *const *more, struct fail *f)
{
	const char *keys[KEYS_MAX] = {KUBERNETES_OPTION_KEYS, "field_manager"};
	size_t count = 0;
	while (keys[count] != NULL)
		count++;
	for (; *more != NULL && count < KEYS_MAX; more++)
		keys[count++] = *more;
	return json_known_keys(object, keys, count, f);
}

int cluster_parse(const struct json_at *object, const char *const *more,
	struct deploy_target *target, struct fail *f)
{
	struct cluster_options *options = memory_get(1, sizeof(*options));
	struct json_at manager = json_get(object, "field_manager");
	target->options = options;
	if (check_keys(object, more, f) != 0 ||
		kubernetes_options_parse(object, target->folder, &options->at, f) != 0)
		return -1;
	if (json_is_there(&manager))
		return json_string(&manager, &options->field_manager, f);
	options->field_manager = text_copy(FIELD_MANAGER);
	return 0;
}

int cluster_take_name(const struct json_at *object, const char *key,
	struct cluster_options *options, struct fail *f)
{
	struct json_at name = json_get(object, key);
	if (json_string(&name, &options->name, f) != 0)
		return -1;
	return options->name[0] != '\0' ? 0 : json_fail(&name, f, "is empty");
}

int cluster_parse_named(const struct json_at *entry, struct deploy_target *target, struct fail *f)
{
	static const char *const more[] = {"name", NULL};
	struct json_at object = json_get(entry, target->kind->key);
	if (cluster_parse(&object, more, target, f) != 0)
		return -1;
	return cluster_take_name(&object, "name", target->options, f);
}

void cluster_release(void *options)
{
	struct cluster_options *own = options;
	kubernetes_options_release(&own->at);
	free(own->name);
	free(own->field_manager);
	free(own->storage_uri);
	free(own);
}

void cluster_would(const struct cluster_options *options, const char *verb, const char *noun,
	struct text *text)
{
	text_printf(text, "%s %s/%s", verb, noun, options->name);
	if (options->at.namespace != NULL)
		text_printf(text, " in %s", options->at.namespace);
}

/* The connection */

int cluster_open(struct cluster *cluster, const struct deploy_target *target,
	const struct deploy_call *call, const struct kubernetes_resource *resource, struct fail *f)
{
	const struct cluster_options *options = target->options;
	*cluster = (struct cluster){
		.options = options,
		.object = {.resource = resource, .name = options->name},
		.deadline = call->deadline,
	};
	return kubernetes_open(&cluster->kubernetes, &options->at, call->http, call->deadline, f);
}

void cluster_close(struct cluster *cluster)
{
	kubernetes_release(&cluster->kubernetes);
}

static int name_object(const struct cluster *cluster, struct fail *f)
{
	return fail_wrap(f, "%s/%s in %s", cluster->object.resource->noun, cluster->object.name,
		cluster->kubernetes.access.namespace);
}

static int refuse(const struct cluster *cluster, const struct kubernetes_object *object,
	const char *reason, struct fail *f)
{
	if (reason == NULL)
		return 0;
	return fail_set(f, STATUS_CONFIGURATION, "%s/%s in %s %s", object->resource->noun,
		object->name, cluster->kubernetes.access.namespace, reason);
}

int cluster_refuse(const struct cluster *cluster, const char *reason, struct fail *f)
{
	return refuse(cluster, &cluster->object, reason, f);
}

int64_t cluster_now(const struct cluster *cluster)
{
	return cluster->kubernetes.server_ms != 0 ? cluster->kubernetes.server_ms : clock_now_ms();
}

/* Restarts */

static int patch(struct cluster *cluster, const struct kubernetes_object *object,
	struct cluster_restart *restart, struct fail *f)
{
	char *body = workload_restart_patch(restart->at);
	struct kubernetes_patch made = {.type = PATCH_STRATEGIC,
		.body = body,
		.field_manager = cluster->options->field_manager};
	struct cJSON *answer;
	int result = kubernetes_object_patch(&cluster->kubernetes, object, &made, &answer, f);
	free(body);
	if (result != 0)
		return -1;
	struct json_at root = json_root(answer);
	restart->generation = object_integer(&root, "metadata.generation", 0);
	json_release(answer);
	return 0;
}

int cluster_restart(struct cluster *cluster, const struct kubernetes_object *object,
	enum workload_kind kind, struct cluster_restart *restart, struct fail *f)
{
	struct cJSON *answer;
	struct workload workload;
	if (kubernetes_object_read(&cluster->kubernetes, object, 0, &answer, f) != 0)
		return -1;
	struct json_at root = json_root(answer);
	workload_read(&root, kind, &workload);
	json_release(answer);
	int result = refuse(cluster, object, workload_refusal(&workload), f);
	if (result != 0 && workload.canary != NULL)
		fail_hint(f, "reload it with {\"canary\": {\"name\": \"%s\"}}", workload.canary);
	workload_restart_time(&workload, cluster_now(cluster), restart->at);
	workload_release(&workload);
	return result == 0 ? patch(cluster, object, restart, f) : -1;
}

void cluster_did(const struct cluster *cluster, const char *verb, const struct observed *progress,
	struct text *did)
{
	text_printf(did, "%s %s/%s in %s: %s", verb, cluster->object.resource->noun,
		cluster->object.name, cluster->kubernetes.access.namespace, progress->text);
}

/* The wait */

static int look_once(struct cluster *cluster, cluster_look_function *look, void *context,
	struct observed *progress, struct fail *f)
{
	struct cJSON *answer;
	if (kubernetes_object_read(&cluster->kubernetes, &cluster->object, 1, &answer, f) != 0)
		return -1;
	struct json_at root = json_root(answer);
	int result = look(context, &root, progress, f);
	json_release(answer);
	return result;
}

/* What is waited for, each time that it is something else. */
static void tell(const struct cluster *cluster, const char *text, char told[], size_t size)
{
	if (strncmp(told, text, size - 1) == 0)
		return;
	console_say("%s/%s: %s", cluster->object.resource->noun, cluster->object.name, text);
	size_t length = strnlen(text, size - 1);
	memcpy(told, text, length);
	told[length] = '\0';
}

static int end_wait(const struct cluster *cluster, const struct observed *progress, struct fail *f)
{
	if (progress->state == OBSERVED_FAILED)
		return fail_set(f, STATUS_NOT_SERVED, "%s/%s in %s %s",
			cluster->object.resource->noun, cluster->object.name,
			cluster->kubernetes.access.namespace, progress->text);
	fail_set(f, STATUS_NOT_SERVED, "not done in time: %s", progress->text);
	return name_object(cluster, f);
}

static int pause_within(struct deadline deadline, int64_t *pause_ms, struct fail *f)
{
	int64_t left = deadline_left(deadline), ms = *pause_ms < left ? *pause_ms : left;
	*pause_ms = 2 * *pause_ms < LONGEST_PAUSE_MS ? 2 * *pause_ms : LONGEST_PAUSE_MS;
	return stop_sleep(ms, f);
}

int cluster_wait(struct cluster *cluster, cluster_look_function *look, void *context,
	struct observed *progress, struct fail *f)
{
	char told[sizeof(progress->text)] = "";
	int64_t pause_ms = FIRST_PAUSE_MS;
	for (bool answered = false;;) {
		int result = look_once(cluster, look, context, progress, f);
		bool over = deadline_left(cluster->deadline) == 0;
		if (result == 0 && progress->state == OBSERVED_DONE)
			return 0;
		if (result != 0 && f->status != STATUS_LATER)
			return -1;
		/* where the deadline cut the request off, the one before tells what was waited for
		 */
		answered = result == 0 || (over && answered);
		if (answered && (over || progress->state == OBSERVED_FAILED))
			return end_wait(cluster, progress, f);
		if (over)
			return -1;
		tell(cluster, answered ? progress->text : f->text, told, sizeof(told));
		if (pause_within(cluster->deadline, &pause_ms, f) != 0)
			return -1;
	}
}
