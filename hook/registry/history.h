/* history - who was Production from when to when: MLflow keeps none, so each version keeps its own.
 *
 * The tag modelhook.history is a JSON array, newest last, of
 *   {"at": RFC 3339, "to": "Production"|"Archived"|..., "by": who, "alias": "production",
 *    "for": version, "how": one of HOW_..., "why": text, "since": time, "lost": time}
 * "alias" is there where one is kept in step, "for" is the version that took the place, "how" where
 * the entry is about Production. What others did in between is noted with the next entry: "since"
 * is when they had made the version Production, "lost" when they had ended that; "" where nobody
 * knows.
 *
 * No entry is ever dropped. Before the tag grows past what every server takes (5,000 characters on
 * MLflow 1) its entries move to modelhook.history.2, the next ones to modelhook.history.3, and so
 * on: these are older, the lowest number the oldest. The history of a deleted version is kept by
 * the model, in the tags modelhook.deleted.VERSION, modelhook.deleted.VERSION.2, ..., written the
 * same way; its last entry is {"at", "to": "Deleted", "by", "trained_at", "created"}.
 */
#ifndef MODELHOOK_REGISTRY_HISTORY_H
#define MODELHOOK_REGISTRY_HISTORY_H

#include "base/actor.h"
#include "base/fail.h"
#include "registry/registry.h"

/* history_change - one transition; all borrowed */
struct history_change {
	const char *to; /* stage */
	const char *by;
	const char *why; /* NULL: left out */
	int64_t instead; /* the version that takes the place; 0: left out */
};

/* history_record - add one transition to a version's history */
MUST_CHECK int history_record(struct registry *registry, int64_t number,
	const struct history_change *change, struct fail *f);

/* history_record_transition - after the winner was moved to Production: its own entry, and one for
 * every other version that the state (read before) had in Production; with how and why:
 * registry->how where it is set, else what the tags say */
MUST_CHECK int history_record_transition(
	struct registry *registry, int64_t winner, const char *by, struct fail *f);

/* history_keep_deleted - before a version is deleted: what it was goes into the model's tags.
 * Nothing is written for one that never was Production. */
MUST_CHECK int history_keep_deleted(
	struct registry *registry, const struct version *version, const char *by, struct fail *f);

/* history_override_reason - why the gates passed a version that they had rejected, by its tag;
 * NULL: they did not. The caller frees it. */
char *history_override_reason(const struct version *version);

#endif
