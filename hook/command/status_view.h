/* status_view - what `status` tells of one model: who is Production, since when, by whom, with
 * which numbers, and what is wrong. Pure; the strings of a server are escaped.
 */
#ifndef MODELHOOK_COMMAND_STATUS_VIEW_H
#define MODELHOOK_COMMAND_STATUS_VIEW_H

#include "base/table.h"
#include "base/text.h"
#include "registry/anomaly.h"
#include "registry/state.h"

enum { STATUS_VIEW_COLUMNS = 6 };

struct cJSON;

/* status_view_json - {"model", "versions", "production": [...], "anomalies": [{kind, text}]} */
struct cJSON *status_view_json(
	const char *model, const struct registry_state *state, const struct anomalies *anomalies);

/* status_view_text - all of it, a line each */
void status_view_text(struct text *text, const char *model, const struct registry_state *state,
	const struct anomalies *anomalies);

/* status_view_row - one row of a table that status_view_head began */
void status_view_head(struct table *table);
void status_view_row(struct table *table, const char *model, const struct registry_state *state,
	const struct anomalies *anomalies);

/* status_view_anomalies - "MODEL: what is wrong", a line each */
void status_view_anomalies(struct text *text, const char *model, const struct anomalies *anomalies);

#endif
