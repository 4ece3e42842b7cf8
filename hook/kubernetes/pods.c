#include "kubernetes/pods.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "http/url.h"
#include "kubernetes/object.h"
#include "kubernetes/workload.h"

/* An object of today has its managed fields too: some tens of KiB as a tree, of which
 * packaging/json takes 8 MiB at once. */
enum { PAGE = 25 };

/* Reading */

static bool is_owned(const struct json_at *pod, const struct kubernetes_owner *owner)
{
	bool by_sets =
		strcmp(owner->kind, "Deployment") == 0 || strcmp(owner->kind, "Rollout") == 0;
	struct json_at list;
	bool is = false;
	for (struct json_at at = object_first(pod, "metadata.ownerReferences", &list);
		json_is_there(&at) && !is; at = json_next(&at)) {
		char *name = object_string(&at, "name"), *start = text_format("%s-", owner->name);
		is = name != NULL && object_is(&at, "kind", by_sets ? "ReplicaSet" : owner->kind) &&
		     (by_sets ? text_starts_with(name, start) : strcmp(name, owner->name) == 0);
		free(name);
		free(start);
	}
	return is;
}

static bool is_lasting(const char *reason)
{
	static const char *const reasons[] = {"CrashLoopBackOff", "ErrImagePull",
		"ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName", "ImageInspectError",
		"CreateContainerConfigError", "CreateContainerError", "RunContainerError"};
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (strcmp(reason, reasons[i]) == 0)
			return true;
	return false;
}

/* "CrashLoopBackOff: back-off 10s ... (last: Error, exit code 1)" */
static char *describe_waiting(const struct json_at *status, const char *reason)
{
	struct text text = {0};
	char *name = object_string(status, "name");
	char *message = object_string(status, "state.waiting.message");
	char *last = object_string(status, "lastState.terminated.reason");
	text_printf(&text, "container %s: %s", name != NULL ? name : "?", reason);
	if (message != NULL)
		text_printf(&text, ": %.160s", message);
	if (last != NULL)
		text_printf(&text, " (it ended before: %s, exit code %lld)", last,
			(long long)object_integer(status, "lastState.terminated.exitCode", 0));
	free(name);
	free(message);
	free(last);
	return text_take(&text);
}

/* The first container that waits goes into broken, or pending. */
static void read_containers(
	const struct json_at *object, const char *path, struct kubernetes_pod *pod)
{
	struct json_at list;
	for (struct json_at at = object_first(object, path, &list); json_is_there(&at);
		at = json_next(&at)) {
		char *reason = object_string(&at, "state.waiting.reason");
		char **slot = reason != NULL && is_lasting(reason) ? &pod->broken : &pod->pending;
		if (reason != NULL && *slot == NULL)
			*slot = describe_waiting(&at, reason);
		free(reason);
	}
}

static bool has_condition(const struct json_at *object, const char *type, const char *status)
{
	struct json_at condition = object_condition(object, type);
	return object_is(&condition, "status", status);
}

/* No node, such as "0/3 nodes are available: 3 Insufficient memory", or a probe that does not pass.
 */
static char *describe_condition(const struct json_at *object)
{
	bool placed = !has_condition(object, "PodScheduled", "False");
	struct json_at condition = object_condition(object, placed ? "Ready" : "PodScheduled");
	char *message = object_string(&condition, "message");
	char *text = message != NULL
			     ? text_format("%s%.200s", placed ? "" : "not scheduled: ", message)
			     : NULL;
	free(message);
	return text;
}

static struct kubernetes_pod read_pod(const struct json_at *object)
{
	struct kubernetes_pod pod = {
		.name = object_string(object, "metadata.name"),
		.ip = object_string(object, "status.podIP"),
		.restarted_at = object_annotation(object, "metadata", WORKLOAD_RESTARTED_AT),
		.created_ms = object_time(object, "metadata.creationTimestamp"),
		.ready = has_condition(object, "Ready", "True"),
		.ending = object_has(object, "metadata.deletionTimestamp"),
		.ended = object_is(object, "status.phase", "Succeeded") ||
			 object_is(object, "status.phase", "Failed"),
	};
	if (pod.name == NULL)
		pod.name = text_copy("?");
	read_containers(object, "status.initContainerStatuses", &pod);
	read_containers(object, "status.containerStatuses", &pod);
	if (!pod.ready && pod.pending == NULL)
		pod.pending = describe_condition(object);
	return pod;
}

void kubernetes_pods_read(const struct json_at *list, const struct kubernetes_owner *owner,
	struct kubernetes_pods *pods)
{
	struct json_at items;
	for (struct json_at at = object_first(list, "items", &items); json_is_there(&at);
		at = json_next(&at)) {
		if (!is_owned(&at, owner))
			continue;
		pods->items = memory_grow(pods->items, pods->count + 1, sizeof(*pods->items));
		pods->items[pods->count++] = read_pod(&at);
	}
}

void kubernetes_pods_release(struct kubernetes_pods *pods)
{
	for (size_t i = 0; i < pods->count; i++) {
		struct kubernetes_pod *pod = &pods->items[i];
		free(pod->name);
		free(pod->ip);
		free(pod->restarted_at);
		free(pod->broken);
		free(pod->pending);
	}
	free(pods->items);
	*pods = (struct kubernetes_pods){0};
}

/* Listing */

static char *list_path(const struct kubernetes *kubernetes, const char *selector, const char *go_on)
{
	char *namespace = http_escape_query(kubernetes->access.namespace);
	char *escaped = http_escape_query(selector);
	char *token = http_escape_query(go_on != NULL ? go_on : "");
	char *path = text_format("/api/v1/namespaces/%s/pods?labelSelector=%s&limit=%d%s%s",
		namespace, escaped, PAGE, go_on != NULL ? "&continue=" : "", token);
	free(namespace);
	free(escaped);
	free(token);
	return path;
}

static int list_page(struct kubernetes *kubernetes, const struct kubernetes_owner *owner,
	struct kubernetes_pods *pods, char **go_on, struct fail *f)
{
	char *path = list_path(kubernetes, owner->selector, *go_on);
	struct kubernetes_request request = {
		.method = "GET", .path = path, .what = "pods", .max_tries = 1};
	struct cJSON *answer;
	int result = kubernetes_ask(kubernetes, &request, &answer, f);
	free(path);
	free(*go_on);
	*go_on = NULL;
	if (result != 0)
		return -1;
	struct json_at root = json_root(answer);
	kubernetes_pods_read(&root, owner, pods);
	*go_on = object_string(&root, "metadata.continue");
	json_release(answer);
	if (*go_on != NULL && (*go_on)[0] == '\0') {
		free(*go_on);
		*go_on = NULL;
	}
	return 0;
}

int kubernetes_pods_list(struct kubernetes *kubernetes, const struct kubernetes_owner *owner,
	struct kubernetes_pods *pods, bool *allowed, struct fail *f)
{
	char *go_on = NULL;
	*pods = (struct kubernetes_pods){0};
	*allowed = true;
	do {
		f->http = 0;
		if (list_page(kubernetes, owner, pods, &go_on, f) == 0)
			continue;
		*allowed = f->http != 403;
		return *allowed ? -1 : 0;
	} while (go_on != NULL);
	return 0;
}

/* Questions */

static bool is_new(const struct kubernetes_pod *pod, const struct kubernetes_restart *restart)
{
	return restart->restarted_at != NULL ? text_equal(pod->restarted_at, restart->restarted_at)
					     : pod->created_ms >= restart->since_ms;
}

const struct kubernetes_pod *kubernetes_pods_broken(
	const struct kubernetes_pods *pods, const struct kubernetes_restart *restart)
{
	for (size_t i = 0; i < pods->count; i++)
		if (is_new(&pods->items[i], restart) && !pods->items[i].ending &&
			pods->items[i].broken != NULL)
			return &pods->items[i];
	return NULL;
}

const struct kubernetes_pod *kubernetes_pods_pending(
	const struct kubernetes_pods *pods, const struct kubernetes_restart *restart)
{
	for (size_t i = 0; i < pods->count; i++)
		if (is_new(&pods->items[i], restart) && !pods->items[i].ready &&
			pods->items[i].pending != NULL)
			return &pods->items[i];
	return NULL;
}

const struct kubernetes_pod *kubernetes_pods_old(
	const struct kubernetes_pods *pods, const struct kubernetes_restart *restart, size_t *count)
{
	const struct kubernetes_pod *first = NULL;
	*count = 0;
	for (size_t i = 0; i < pods->count; i++) {
		if (pods->items[i].ended || is_new(&pods->items[i], restart))
			continue;
		first = first != NULL ? first : &pods->items[i];
		++*count;
	}
	return first;
}

char *kubernetes_pod_proxy_path(const struct kubernetes *kubernetes, const char *pod, bool https,
	int port, const char *path)
{
	char *namespace = http_escape_query(kubernetes->access.namespace);
	char *name = http_escape_query(pod);
	char *made = text_format("/api/v1/namespaces/%s/pods/%s%s:%d/proxy%s", namespace,
		https ? "https:" : "", name, port, path);
	free(namespace);
	free(name);
	return made;
}
