#include "kubernetes/options.h"

#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/file.h"
#include "base/text.h"
#include "sandbox/user_command.h"

static int take_string(const struct json_at *object, const char *key, char **out, struct fail *f)
{
	struct json_at at = json_get(object, key);
	if (!json_is_there(&at))
		return 0;
	if (json_string(&at, out, f) != 0)
		return -1;
	return (*out)[0] != '\0' ? 0 : json_fail(&at, f, "is empty");
}

static int take_flag(const struct json_at *object, const char *key, bool *flag, struct fail *f)
{
	struct json_at at = json_get(object, key);
	return json_is_there(&at) ? json_bool(&at, flag, f) : 0;
}

/* Each path of the list below the folder, unless it is absolute. */
static char *join_paths(const char *folder, const char *paths)
{
	struct text joined = {0};
	while (*paths != '\0') {
		size_t size = strcspn(paths, ":");
		char *path = text_format("%.*s", (int)size, paths);
		char *whole = file_join(folder, path);
		if (size > 0)
			text_printf(&joined, "%s%s", joined.size > 0 ? ":" : "", whole);
		free(path);
		free(whole);
		paths += size;
		paths += *paths == ':';
	}
	return text_take(&joined);
}

int kubernetes_options_parse(const struct json_at *object, const char *folder,
	struct kubernetes_options *options, struct fail *f)
{
	char *paths = NULL;
	if (take_string(object, "namespace", &options->namespace, f) != 0 ||
		take_string(object, "context", &options->context, f) != 0 ||
		take_flag(object, "allow_exec", &options->allow_exec, f) != 0 ||
		user_command_environment(object, &options->environment, f) != 0)
		return -1;
	int result = take_string(object, "kubeconfig", &paths, f);
	if (result == 0 && paths != NULL)
		options->kubeconfig = join_paths(folder, paths);
	free(paths);
	return result;
}

void kubernetes_options_release(struct kubernetes_options *options)
{
	env_release(options->environment);
	free(options->namespace);
	free(options->kubeconfig);
	free(options->context);
	*options = (struct kubernetes_options){0};
}

bool kubernetes_options_are_same(
	const struct kubernetes_options *a, const struct kubernetes_options *b)
{
	return text_equal(a->namespace, b->namespace) && text_equal(a->kubeconfig, b->kubeconfig) &&
	       text_equal(a->context, b->context);
}
