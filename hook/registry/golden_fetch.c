#include "registry/golden_fetch.h"

#include <stdlib.h>

#include "base/plain_path.h"
#include "base/text.h"
#include "packaging/json/json.h"
#include "packaging/json/note.h"
#include "registry/artifact_text.h"
#include "registry/state.h"
#include "registry/tags.h"

char *golden_tag_read(const struct version *version, double *tolerance)
{
	struct cJSON *note = json_parse_note(version_tag(version, TAG_GOLDEN));
	const char *named = json_find_string(note, "file");
	char *file = named != NULL && plain_path_problem(named) == NULL ? text_copy(named) : NULL;
	*tolerance = 0;
	if (!json_as_number(json_find(note, "tolerance"), tolerance) || *tolerance < 0)
		*tolerance = 0;
	json_release(note);
	return file;
}

int golden_fetch(struct mlflow *mlflow, const char *model, const struct version *version,
	struct golden *golden, double *tolerance, struct fail *f)
{
	struct text bytes = {0};
	char *file = golden_tag_read(version, tolerance);
	*golden = (struct golden){0};
	if (file == NULL)
		return 0;
	const struct artifact_wanted wanted = {.path = file, .max = GOLDEN_BYTES_MAX};
	int result = artifact_text(mlflow, model, version, &wanted, &bytes, f);
	if (result == 0)
		result = golden_open(&bytes, golden, f);
	text_release(&bytes);
	free(file);
	return result;
}
