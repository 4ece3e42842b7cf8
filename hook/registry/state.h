/* state - what the registry says about one model at one moment, and which version should be
 * Production.
 *
 * Pure decisions, no calls: given the same tags, everybody computes the same winner. That is what
 * lets any number of promoters, killed anywhere, write the same thing (registry/reconcile.h).
 *
 * Tags that decide (their names are in registry/tags.h):
 *   modelhook.intent        on a version: RFC 3339, when it was trained; it may be Production: it
 *                           was uploaded and passed the gates
 *   modelhook.withdrawn     on a version: somebody rolled back from it, or its files are gone; it
 *                           is no candidate any more, and no decision for it counts
 *   modelhook.duplicate_of  on a version: another version of the same package stands for it; so it
 *                           is, marked or not, for every higher version of one modelhook.digest
 *   modelhook.decision      on the model: {"version":"3","at":RFC 3339,"by":...,"how":
 *                           ...,"why":...}; the last one counts
 *
 * The winner is the decision's version, unless a version with an intent was trained after that
 * decision; then the one trained last (ties: the highest number). A Production version that carries
 * no intent was promoted by somebody else, and counts as an intent at its creation time.
 */
#ifndef MODELHOOK_REGISTRY_STATE_H
#define MODELHOOK_REGISTRY_STATE_H

#include "mlflow/mlflow.h"
#include "mlflow/types.h"

/* struct registry_state - owns both */
struct registry_state {
	struct registered_model model;
	struct versions versions;
	bool stages; /* the server has them: stage tells what is Production, else the alias does */
};

void state_release(struct registry_state *state);

/* The version of that number, or NULL. */
struct version *state_version(const struct registry_state *state, int64_t number);

/* The version an alias points to, 0 where it is not set. */
int64_t state_alias(const struct registry_state *state, const char *alias);

/* state_unlisted - the versions that the registered model names (the latest of each stage, our
 * aliases) and the list does not have, at most UNLISTED_MAX; how many. A search that is filtered by
 * permission or lags behind shows less than there is. */
#define UNLISTED_MAX 8
size_t state_unlisted(const struct registry_state *state, int64_t numbers[UNLISTED_MAX]);

const char *version_tag(const struct version *version, const char *key);

/* version_intent - when it was trained, by its tag or (an unmanaged version in Production) its
 * creation; false: none */
bool version_intent(
	const struct registry_state *state, const struct version *version, int64_t *at_ms);

/* version_is_unmanaged - in Production without a readable intent: somebody else promoted it */
bool version_is_unmanaged(const struct registry_state *state, const struct version *version);

/* version_is_duplicate - another version that is there stands for it */
bool version_is_duplicate(const struct registry_state *state, const struct version *version);

/* version_is_ready - READY, or the server says nothing of it */
bool version_is_ready(const struct version *version);

bool state_is_production(const struct registry_state *state, const struct version *version);
size_t state_production_count(const struct registry_state *state);

/* state_production - the version in Production; where several are (others' doing), the one that
 * ought to be, else the highest; NULL: none is */
const struct version *state_production(const struct registry_state *state);
int64_t state_production_number(const struct registry_state *state); /* of it; 0: none is */

/* state_desired_version - the number of the version that should be Production; 0: none should */
int64_t state_desired_version(const struct registry_state *state);

/* state_decided_how - HOW_BY_HAND, HOW_ROLLBACK or HOW_REPAIR where the last decision chose this
 * version, with its reason in *why (or NULL), which the caller frees; NULL: nobody chose it */
const char *state_decided_how(const struct registry_state *state, int64_t number, char **why);

/* state_says_why_not - why a version with an intent is not the winner, in words: withdrawn by
 * whom and why, not as new as the winner, or a person chose the winner. The caller frees it. */
char *state_says_why_not(
	const struct registry_state *state, const struct version *version, int64_t winner);

/* state_previous - where a rollback from `winner` goes: of the candidates that were Production
 * once (by their own history, else by their stage), the one trained last before it; 0: nowhere */
int64_t state_previous(const struct registry_state *state, int64_t winner);

/* state_find_digest - the lowest version with that digest tag, or NULL */
struct version *state_find_digest(const struct registry_state *state, const char *digest);

/* state_lacks_stages - there are versions, and not one of them says a stage: this registry has
 * none */
bool state_lacks_stages(const struct registry_state *state);

/* state_is_converged - the winner alone is Production, and the aliases agree where they are kept
 */
bool state_is_converged(const struct registry_state *state, bool stage, bool alias);

#endif
