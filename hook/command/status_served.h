/* status_served - the three places that say which version of a model is in use, side by side:
 * stage, alias, and the service itself.
 */
#ifndef MODELHOOK_COMMAND_STATUS_SERVED_H
#define MODELHOOK_COMMAND_STATUS_SERVED_H

#include "base/fail.h"
#include "invocation/invocation.h"
#include "registry/state.h"

/* struct served_status - owns the text */
struct served_status {
	int64_t stage; /* version in Production; 0: none, or no stages */
	int64_t alias; /* that the alias production points to; 0: none */
	char *served;  /* what the replicas say: "version 4 on 3 replicas" */
};

/* status_served_ask - the service is asked once. CONFIGURATION where no "served" is set. */
MUST_CHECK int status_served_ask(const struct invocation *call, const struct registry_state *state,
	struct served_status *status, struct fail *f);
void status_served_release(struct served_status *status);

struct cJSON;
struct text;

/* {"stage": "4", "alias": "4", "served": "..."}, and the same as lines */
struct cJSON *status_served_json(const struct served_status *status);
void status_served_text(const struct served_status *status, struct text *text);

#endif
