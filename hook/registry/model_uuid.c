#include "registry/model_uuid.h"

#include <string.h>

#include "base/text.h"
#include "http/types.h"
#include "registry/artifact_check.h"
#include "store/store.h"

enum { MLMODEL_MAX = 1 << 20 };

char *model_uuid_find(const char *mlmodel)
{
	static const char key[] = "model_uuid:";
	for (const char *line = mlmodel; *line != '\0';) {
		size_t size = strcspn(line, "\n");
		if (strncmp(line, key, sizeof(key) - 1) == 0) {
			const char *value = line + sizeof(key) - 1;
			value += strspn(value, " \t'\"");
			size_t length = strcspn(value, " \t\r\n'\"#");
			return length > 0 ? text_trimmed(value, length) : NULL;
		}
		line += size + (line[size] == '\n');
	}
	return NULL;
}

static int write_text(void *context, const void *bytes, size_t size, struct fail *f)
{
	struct text *text = context;
	if (size > MLMODEL_MAX - text->size)
		return fail_set(f, STATUS_REFUSED, "is larger than %d bytes", MLMODEL_MAX);
	text_add(text, bytes, size);
	return 0;
}

static int restart_text(void *context, struct fail *f)
{
	(void)f;
	text_clear(context);
	return 0;
}

int model_uuid_read(struct mlflow *mlflow, const char *model, const struct version *version,
	char **uuid, struct fail *f)
{
	struct store store = {0};
	struct run run = {.id = version->run_id};
	struct text mlmodel = {0};
	const struct http_sink sink = {write_text, restart_text, &mlmodel};
	bool found = false;
	*uuid = NULL;
	int result = artifact_check_open(mlflow, model, version, &run, &store, f);
	if (result == 0)
		result = store_get(&store, "MLmodel", &sink, &found, f);
	if (result == 0 && found)
		*uuid = model_uuid_find(text_string(&mlmodel));
	text_release(&mlmodel);
	store_release(&store);
	return result != 0 ? fail_wrap(f, "MLmodel of version %lld", (long long)version->number)
			   : 0;
}
