/* status_view - what `status` tells of one model: who is Production, since when, by whom, with
 * which numbers, and what is wrong. Pure; the strings of a server are escaped.
 */
#ifndef MODELHOOK_COMMAND_STATUS_VIEW_H
#define MODELHOOK_COMMAND_STATUS_VIEW_H

#include "base/table.h"
#include "registry/anomaly.h"
#include "registry/state.h"

enum { OVERVIEW_COLUMNS = 6 };

struct cJSON;

/* overview_json - {"model", "versions", "production": [...], "anomalies": [{kind, text}]} */
struct cJSON *overview_json(
	const char *model, const struct standing *standing, const struct anomalies *anomalies);

/* overview_text - all of it, a line each */
void overview_text(struct text *text, const char *model, const struct standing *standing,
	const struct anomalies *anomalies);

/* overview_row - one row of a table that overview_head began */
void overview_head(struct table *table);
void overview_row(struct table *table, const char *model, const struct standing *standing,
	const struct anomalies *anomalies);

/* overview_anomalies - "MODEL: what is wrong", a line each */
void overview_anomalies(struct text *text, const char *model, const struct anomalies *anomalies);

#endif
