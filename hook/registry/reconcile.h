/* reconcile - makes the observed state of a model the desired one: one Production version.
 *
 * A caller that wants a version in Production writes its intent (registry/state.h). After that,
 * all callers do the same: they read the state and compute the desired version (the winner). If
 * the winner is not the only Production version, they call transition-stage for the winner with
 * archive_existing_versions=true and read again. A caller stops when two reads in a row, with a
 * random pause between them, show the same winner as the only Production version.
 *
 * Why the end state is right: every caller reads after each of its writes, of a tag or a stage.
 * The caller that writes last therefore reads the final state, and stops only if the winner alone
 * is Production in it. MLflow does not isolate callers: a write that was decided on an older state
 * may commit after ours, but then its caller is the one that reads last. A killed caller leaves
 * nothing to undo: the next caller reads the state and completes it.
 *
 * Why it ends: each caller writes its tags once. After the last of them all callers compute the
 * same winner, and one transition is enough.
 *
 * Why two reads: a read takes several requests (decision, stages, tags), and the state may change
 * between them. One read can therefore mix an old state with a new one. If two reads in a row show
 * the same winner, there was a moment between them at which the state was as both show it.
 *
 * Can Production be empty for a moment? The call that archives also promotes, in one transaction,
 * and nothing is archived by itself. One case is left: MLflow writes the stage of the target only
 * if it read a different one, so that two overlapping transitions of versions that are BOTH in
 * Production already can archive each other. On SQLite they cannot (the target is read under the
 * write lock), nor if SERIALIZABLE. On READ COMMITTED (PostgreSQL) the locks on the archived rows
 * prevent it for up to three callers at once; four or more that see three different winners can do
 * it, within the time of one transaction. On REPEATABLE READ (MySQL) three callers can. The gap
 * lasts until the callers that made it have read again, some 50 ms, or, if all of them were killed,
 * until the next caller. The REST API has no conditional write that would close it; set MySQL to
 * READ COMMITTED.
 *
 * All this is checked exhaustively, and wrong variants are found wrong: tests/model. Other limits:
 * a lagging read replica shows a state that is no longer true; a request that the server still
 * carries out after its caller gave up counts as a killed caller's; a writer that is not modelhook
 * can undo the end at any time, which `status` shows and the next call repairs.
 */
#ifndef MODELHOOK_REGISTRY_RECONCILE_H
#define MODELHOOK_REGISTRY_RECONCILE_H

#include "base/fail.h"
#include "registry/registry.h"

/* registry_reconcile - read and write until the observed state is the desired one (see above).
 * *winner: the version in Production at the end, or 0 */
MUST_CHECK int registry_reconcile(
	struct registry *registry, const char *by, int64_t *winner, struct fail *f);

#endif
