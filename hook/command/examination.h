/* examination - checks of a server and of what a run needs there, a row each: what `doctor` and
 * `check` have in common.
 *
 * Rows are tried in order. The first that fails decides the status of the command, and no later one
 * is tried. Each is printed as it ends; with --json all of them are one object in the end:
 * {"schema", "ok", "checks": [{"name", "verdict": "ok"|"warning"|"FAILED", "detail"}], ...}.
 */
#ifndef MODELHOOK_COMMAND_EXAMINATION_H
#define MODELHOOK_COMMAND_EXAMINATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"
#include "base/text.h"
#include "invocation/invocation.h"
#include "mlflow/session.h"

struct cJSON;

/* struct examination - owns session and told; borrows the rest */
struct examination {
	struct invocation *call;
	void *context;		 /* of the command's own rows */
	struct session *session; /* opened by the row "server" */
	int64_t skew_ms;	 /* the server's clock minus ours, after the row "server" */
	struct cJSON *told;	 /* what --json prints; a row may add keys */
};

/* A check that has nothing to look at leaves detail empty, and is not told of. */
typedef int examination_check(
	struct examination *e, struct text *detail, bool *warns, struct fail *f);

struct examination_row {
	const char *name;
	examination_check *check;
};

/* examination_run - tries the rows and prints them; `opening` fails before the first row where it
 * is not 0, with f filled: that is told too. Returns as the first row that failed, else 0. */
MUST_CHECK int examination_run(struct examination *e, const char *schema, int opening,
	const struct examination_row *rows, size_t count, struct fail *f);

/* The rows that both commands have. */
int examination_settings(struct examination *e, struct text *detail, bool *warns, struct fail *f);
int examination_server(struct examination *e, struct text *detail, bool *warns, struct fail *f);
int examination_clock(struct examination *e, struct text *detail, bool *warns, struct fail *f);

/* examination_add_login - "by KIND, user NAME": how the server was logged in to */
void examination_add_login(const struct examination *e, struct text *detail);

#endif
