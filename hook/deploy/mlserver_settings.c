#include "deploy/mlserver_settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "packaging/json/json.h"
#include "packaging/json/note.h"

#define SETTINGS_NAME "model-settings.json"
#define SETTINGS_MAX ((size_t)1 << 20)

static int check(struct cJSON *settings, const char *model, struct fail *f)
{
	struct json_at root = json_root(settings);
	struct json_at name = json_get(&root, "name"), parameters = json_get(&root, "parameters");
	if (json_object(&root, f) != 0)
		return -1;
	if (json_is_there(&name) && !text_equal(json_find_string(settings, "name"), model))
		return json_fail(&name, f, "is not %s", model);
	return json_is_there(&parameters) ? json_object(&parameters, f) : 0;
}

static void change(struct cJSON *settings, const char *model, const char *uri, const char *version)
{
	struct cJSON *parameters = json_find_own(settings, "parameters");
	json_put_string(settings, "name", model);
	if (parameters == NULL)
		parameters = json_set_object(settings, "parameters");
	json_put_string(parameters, "uri", uri);
	json_put_string(parameters, "version", version);
}

int mlserver_settings_change(const char *text, const char *model, const char *uri,
	const char *version, struct text *changed, struct fail *f)
{
	struct cJSON *settings = NULL;
	if (text == NULL) {
		settings = json_new_object();
		json_set_string(settings, "name", model);
		json_set_string(settings, "implementation", "mlserver_mlflow.MLflowRuntime");
	} else if (json_parse(text, strlen(text), &settings, f) != 0) {
		return -1;
	}
	int result = check(settings, model, f);
	if (result == 0) {
		change(settings, model, uri, version);
		char *printed = json_text(settings);
		text_add_string(changed, printed);
		free(printed);
	}
	json_release(settings);
	return result;
}

static int point(
	const char *path, const char *model, const char *uri, const char *version, struct fail *f)
{
	struct text text = {0}, changed = {0};
	bool there = file_is_named(path);
	int result = there ? file_read(path, SETTINGS_MAX, &text, f) : 0;
	if (result == 0)
		result = mlserver_settings_change(
			there ? text_string(&text) : NULL, model, uri, version, &changed, f);
	if (result == 0 && !text_equal(text_string(&text), text_string(&changed)))
		result = file_store(path, changed.data, changed.size, f);
	text_release(&text);
	text_release(&changed);
	return result;
}

int mlserver_settings_point(
	const char *folder, const char *model, const char *version, int64_t number, struct fail *f)
{
	char *path = file_join(folder, SETTINGS_NAME);
	char *uri = text_format("./%lld", (long long)number);
	file_remove_leftovers(path);
	int result = point(path, model, uri, version, f);
	free(uri);
	free(path);
	return result == 0 ? 0 : fail_wrap(f, "%s/" SETTINGS_NAME, folder);
}
