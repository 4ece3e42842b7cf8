#include "registry/model_uuid.h"

#include <string.h>

#include "base/text.h"
#include "registry/artifact_text.h"

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

int model_uuid_read(struct mlflow *mlflow, const char *model, const struct version *version,
	char **uuid, struct fail *f)
{
	static const struct artifact_wanted mlmodel = {.path = "MLmodel", .max = MLMODEL_MAX};
	struct text text = {0};
	*uuid = NULL;
	int result = artifact_text(mlflow, model, version, &mlmodel, &text, f);
	if (result == 0)
		*uuid = model_uuid_find(text_string(&text));
	text_release(&text);
	return result;
}
