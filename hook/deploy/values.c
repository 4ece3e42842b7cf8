#include "deploy/values.h"

#include <stdlib.h>

#include "base/text.h"
#include "http/url.h"

static void add(struct deploy_values *values, size_t index, const char *name, char *value)
{
	values->list[index] = (struct placeholder){name, value};
}

static char *value_of(const char *string, bool in_url)
{
	if (string == NULL)
		return text_copy("");
	return in_url ? http_escape_query(string) : text_copy(string);
}

static char *number_of(int64_t number)
{
	char text[24];
	return text_copy(number != 0 ? text_number(text, number) : "");
}

void deploy_values_make(struct deploy_values *values, const struct deploy_model *model, bool in_url)
{
	size_t count = 0;
	*values = (struct deploy_values){0};
	add(values, count++, "{name}", value_of(model->name, in_url));
	add(values, count++, "{version}", number_of(model->version));
	add(values, count++, "{previous_version}", number_of(model->previous_version));
	add(values, count++, "{digest}", value_of(model->digest, in_url));
	add(values, count++, "{run_id}", value_of(model->run_id, in_url));
	add(values, count++, "{source}", value_of(model->source, in_url));
	add(values, count++, "{stage}", value_of(model->stage, in_url));
	add(values, count++, "{alias}", value_of(model->alias, in_url));
	_Static_assert(DEPLOY_VALUES == 9, "eight values and the end of the list");
}

void deploy_values_release(struct deploy_values *values)
{
	for (size_t i = 0; i < DEPLOY_VALUES; i++)
		free((char *)values->list[i].value);
	*values = (struct deploy_values){0};
}

static char *fill(const char *pattern, const struct deploy_model *model, bool in_url)
{
	struct deploy_values values;
	deploy_values_make(&values, model, in_url);
	char *filled = placeholder_fill(pattern, values.list);
	deploy_values_release(&values);
	return filled;
}

char *deploy_fill(const char *pattern, const struct deploy_model *model)
{
	return fill(pattern, model, false);
}

char *deploy_fill_url(const char *pattern, const struct deploy_model *model)
{
	return fill(pattern, model, true);
}
