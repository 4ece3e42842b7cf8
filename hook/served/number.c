#include "served/number.h"

#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/text.h"
#include "deploy/published.h"
#include "deploy/values.h"

/* The last number that was published for it: the server takes the largest for the newest. */
static char *find_published(const char *folder, const struct deploy_model *model)
{
	struct published published;
	struct fail ignored;
	char number[24], *found = NULL;
	if (published_read(folder, &published, &ignored) == 0)
		for (size_t i = published.count; found == NULL && i-- > 0;)
			if (published.items[i].version == model->version)
				found = text_copy(text_number(number, published.items[i].number));
	published_release(&published);
	return found;
}

char *served_number(const struct served *served, const struct deploy_model *model)
{
	return served->published != NULL ? find_published(served->published, model)
					 : deploy_fill(served->number, model);
}

void served_number_judge(const struct served *served, const struct deploy_model *model,
	const struct server_versions *versions, struct served_seen *seen)
{
	struct fail f;
	bool listed = false, is_served = false;
	char *number = served_number(served, model), *ready = server_versions_ready(versions);
	char version[24];
	if (number == NULL) {
		seen->problem = text_format(
			"version %lld is not among what was published", (long long)model->version);
	} else if (server_versions_judge(versions, number, &listed, &is_served, &f) != 0) {
		seen->problem = text_copy(f.text);
		seen->is_final = !is_served;
	} else if (is_served) {
		seen->said = text_copy(text_number(version, model->version));
	} else {
		seen->problem = text_format("version %s is %s, ready: %s", number,
			listed ? "not ready" : "not there", ready);
	}
	free(number);
	free(ready);
}

char *served_number_problem(
	const struct served *served, const struct deploy_model *model, const char *answered)
{
	char *number = served_number(served, model), *problem = NULL, shown[80];
	if (answered == NULL)
		problem = text_copy("its answer has no model_version");
	else if (!text_equal(answered, number))
		problem = text_format("answered by version %s, expected %s",
			escape_into(shown, sizeof(shown), answered, strlen(answered)),
			number != NULL ? number : "one that is published");
	free(number);
	return problem;
}
