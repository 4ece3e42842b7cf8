#include "deploy/storage_uri.h"

#include <string.h>

#include "base/text.h"
#include "deploy/values.h"

static bool names_version(const char *uri)
{
	static const char *const words[] = {"{version}", "{digest}", "{run_id}", "{source}"};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(uri, words[i]) != NULL)
			return true;
	return false;
}

int storage_uri_parse(const struct json_at *object, char **pattern, struct fail *f)
{
	struct json_at at = json_get(object, "storage_uri");
	if (!json_is_there(&at))
		return 0;
	if (json_string(&at, pattern, f) != 0)
		return -1;
	if (names_version(*pattern))
		return 0;
	return json_fail(&at, f,
		"needs {version}, {digest}, {run_id} or {source}: KServe reloads nothing "
		"where the URI stays the same");
}

/* What MLflow alone can resolve, KServe cannot load. */
int storage_uri_of(
	const char *pattern, const struct deploy_model *model, char **uri, struct fail *f)
{
	*uri = deploy_fill(pattern != NULL ? pattern : "{source}", model);
	if (pattern != NULL || !text_starts_with(*uri, "mlflow-artifacts:"))
		return 0;
	fail_set(f, STATUS_CONFIGURATION, "KServe cannot load %s", *uri);
	return fail_hint(f, "name a place that it can in \"storage_uri\"");
}
