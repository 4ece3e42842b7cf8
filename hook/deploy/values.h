/* values - what the placeholders in an entry of "deploy" stand for: "{name}", "{version}",
 * "{previous_version}", "{digest}", "{run_id}", "{source}", "{stage}", "{alias}" of the version
 * that is to be served. What is not known is empty.
 */
#ifndef MODELHOOK_DEPLOY_VALUES_H
#define MODELHOOK_DEPLOY_VALUES_H

#include <stdbool.h>

#include "base/placeholder.h"
#include "deploy/types.h"

#define DEPLOY_VALUES 9

/* struct deploy_values - owns the strings of its list */
struct deploy_values {
	struct placeholder list[DEPLOY_VALUES];
};

/* deploy_values_make - in_url: percent-encoded, as a part of a URL needs them */
void deploy_values_make(
	struct deploy_values *values, const struct deploy_model *model, bool in_url);
void deploy_values_release(struct deploy_values *values);

/* deploy_fill, deploy_fill_url - a string of the settings with its placeholders filled in; the
 * caller frees it */
char *deploy_fill(const char *pattern, const struct deploy_model *model);
char *deploy_fill_url(const char *pattern, const struct deploy_model *model);

#endif
