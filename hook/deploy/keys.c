#include "deploy/keys.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/text.h"
#include "deploy/publish.h"

int deploy_key_path(const struct json_at *object, const char *key, const char *folder, bool needed,
	char **path, struct fail *f)
{
	struct json_at at = json_get(object, key);
	char *name = NULL;
	if (!needed && !json_is_there(&at))
		return 0;
	if (json_string(&at, &name, f) != 0)
		return -1;
	bool empty = name[0] == '\0';
	if (!empty)
		*path = file_join(folder, name);
	free(name);
	return empty ? json_fail(&at, f, "is empty") : 0;
}

int deploy_key_string(const struct json_at *object, const char *key, const char *otherwise,
	char **string, struct fail *f)
{
	struct json_at at = json_get(object, key);
	if (!json_is_there(&at)) {
		*string = text_copy(otherwise);
		return 0;
	}
	if (json_string(&at, string, f) != 0)
		return -1;
	return (*string)[0] == '\0' ? json_fail(&at, f, "is empty") : 0;
}

int deploy_key_keep(const struct json_at *object, int64_t *keep, struct fail *f)
{
	struct json_at at = json_get(object, "keep");
	*keep = PUBLISH_KEEP;
	if (!json_is_there(&at))
		return 0;
	return json_integer(&at, PUBLISH_KEEP_LEAST, PUBLISH_KEEP_MOST, keep, f);
}
