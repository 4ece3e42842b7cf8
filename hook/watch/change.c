#include "watch/change.h"

#include <stdlib.h>

#include "base/text.h"
#include "mlflow/models.h"
#include "registry/tags.h"

/* Not the other tags: they change all the time, and decide nothing. */
static char *describe(const struct registered_model *model)
{
	struct text text = {0};
	const char *decision = tag_value(model->tags, model->tag_count, TAG_DECISION);
	for (size_t i = 0; i < model->latest_count; i++) {
		const char *stage = model->latest[i].stage;
		text_printf(&text, "%s=%lld\n", stage != NULL ? stage : "",
			(long long)model->latest[i].version);
	}
	for (size_t i = 0; i < model->alias_count; i++)
		text_printf(&text, "@%s=%lld\n", model->aliases[i].name,
			(long long)model->aliases[i].version);
	text_add_string(&text, decision != NULL ? decision : "");
	return text_take(&text);
}

int change_ask(const struct change *change, struct mlflow *mlflow, const char *model, bool *changed,
	bool *found, struct fail *f)
{
	struct registered_model answer;
	int result = mlflow_get_model(mlflow, model, &answer, found, f);
	*changed = false;
	if (result == 0 && *found) {
		char *now = describe(&answer);
		*changed = !text_equal(now, change->seen);
		free(now);
	}
	registered_model_release(&answer);
	return result;
}

void change_note(struct change *change, const struct registered_model *model)
{
	free(change->seen);
	change->seen = describe(model);
}

void change_release(struct change *change)
{
	free(change->seen);
	change->seen = NULL;
}
