/* number - a version as a server calls it that has numbers of its own.
 */
#ifndef MODELHOOK_SERVED_NUMBER_H
#define MODELHOOK_SERVED_NUMBER_H

#include "deploy/server_versions.h"
#include "served/types.h"

/* served_number - by the file of the published directory, else by "version" in the settings; the
 * caller frees it. NULL: it is not published. */
char *served_number(const struct served *served, const struct deploy_model *model);

/* served_number_judge - what a server says of its versions, into seen */
void served_number_judge(const struct served *served, const struct deploy_model *model,
	const struct server_versions *versions, struct served_seen *seen);

/* served_number_problem - why an answer of that version, or NULL, is none of the model: "answered
 * by version 1, expected 2"; NULL: it is one. The caller frees it. */
char *served_number_problem(
	const struct served *served, const struct deploy_model *model, const char *answered);

#endif
