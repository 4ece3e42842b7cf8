#include "registry/artifact_text.h"

#include "http/types.h"
#include "registry/artifact_check.h"
#include "store/store.h"

struct into {
	struct text *text;
	size_t max;
};

static int write_text(void *context, const void *bytes, size_t size, struct fail *f)
{
	struct into *into = context;
	if (size > into->max - into->text->size)
		return fail_set(f, STATUS_REFUSED, "is larger than %zu bytes", into->max);
	text_add(into->text, bytes, size);
	return 0;
}

static int restart_text(void *context, struct fail *f)
{
	struct into *into = context;
	(void)f;
	text_clear(into->text);
	return 0;
}

int artifact_text(struct mlflow *mlflow, const char *model, const struct version *version,
	const struct artifact_wanted *wanted, struct text *text, struct fail *f)
{
	struct store store = {0};
	struct run run = {.id = version->run_id};
	struct into into = {.text = text, .max = wanted->max};
	const struct http_sink sink = {write_text, restart_text, &into};
	bool found = false;
	text_clear(text);
	int result = artifact_check_open(mlflow, model, version, &run, &store, f);
	if (result == 0)
		result = store_get(&store, wanted->path, &sink, &found, f);
	if (result == 0 && !found)
		result = fail_set(f, STATUS_REFUSED, "is not there");
	store_release(&store);
	return result != 0 ? fail_wrap(f, "%s of version %lld", wanted->path,
				     (long long)version->number)
			   : 0;
}
