/* history - who was Production from when to when: MLflow keeps none, so each version keeps its own.
 *
 * The tag modelhook.history is a JSON array, newest last, of
 *   {"at": RFC 3339, "to": "Production"|"Archived"|..., "by": who, "alias": "production",
 *    "for": version, "why": text}
 * "alias" is there where one is kept in step, "for" is the version that took the place. It is cut
 * at its old end before it grows past what every server takes as a tag (5,000 characters on MLflow
 * 1).
 */
#ifndef MODELHOOK_REGISTRY_HISTORY_H
#define MODELHOOK_REGISTRY_HISTORY_H

#include "registry/registry.h"

/* history_who - user@host, and the Airflow task where the environment names one; the caller frees
 * it */
char *history_who(void);

/* history_record - add one transition to a version's history. `instead` 0 and why NULL: left out.
 */
MUST_CHECK int history_record(struct registry *registry, int64_t number, const char *to,
	const char *by, int64_t instead, const char *why, struct fail *f);

/* history_record_transition - after the winner was moved to Production: its own entry, and one for
 * every other version that the standing (read before) had in Production; with the reason of the
 * person who chose the winner, where one did */
MUST_CHECK int history_record_transition(
	struct registry *registry, int64_t winner, const char *by, struct fail *f);

struct cJSON;

/* history_extend - a history, or NULL, with one more entry, which is handed over, and without its
 * oldest ones where it would grow too long; cJSON_free frees it */
char *history_extend(const char *old, struct cJSON *entry);

#endif
