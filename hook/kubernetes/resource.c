#include "kubernetes/resource.h"

#include <stdlib.h>

#include "base/text.h"
#include "http/url.h"

char *kubernetes_object_path(
	const struct kubernetes *kubernetes, const struct kubernetes_object *object)
{
	char *namespace = http_escape_query(kubernetes->access.namespace);
	char *name = http_escape_query(object->name);
	char *path = text_format("/%s/namespaces/%s/%s/%s", object->resource->api, namespace,
		object->resource->plural, name);
	free(namespace);
	free(name);
	return path;
}

static char *what_of(const struct kubernetes *kubernetes, const struct kubernetes_object *object)
{
	return text_format(
		"%s/%s in %s", object->resource->noun, object->name, kubernetes->access.namespace);
}

int kubernetes_object_read(struct kubernetes *kubernetes, const struct kubernetes_object *object,
	int tries, struct cJSON **answer, struct fail *f)
{
	char *path = kubernetes_object_path(kubernetes, object);
	char *what = what_of(kubernetes, object);
	struct kubernetes_request request = {
		.method = "GET", .path = path, .what = what, .max_tries = tries};
	int result = kubernetes_ask(kubernetes, &request, answer, f);
	free(path);
	free(what);
	return result;
}

static char *patch_path(const struct kubernetes *kubernetes, const struct kubernetes_object *object,
	const char *field_manager)
{
	char *path = kubernetes_object_path(kubernetes, object);
	if (field_manager == NULL)
		return path;
	char *escaped = http_escape_query(field_manager);
	char *with = text_format("%s?fieldManager=%s", path, escaped);
	free(escaped);
	free(path);
	return with;
}

int kubernetes_object_patch(struct kubernetes *kubernetes, const struct kubernetes_object *object,
	const struct kubernetes_patch *patch, struct cJSON **answer, struct fail *f)
{
	char *path = patch_path(kubernetes, object, patch->field_manager);
	char *what = what_of(kubernetes, object);
	struct kubernetes_request request = {
		.method = "PATCH",
		.path = path,
		.what = what,
		.content_type = patch->type == PATCH_STRATEGIC
					? "application/strategic-merge-patch+json"
					: "application/merge-patch+json",
		.body = patch->body,
	};
	int result = kubernetes_ask(kubernetes, &request, answer, f);
	free(path);
	free(what);
	return result;
}
