/* reconcile - makes the registry agree with its desired state: one Production version.
 *
 * Whoever wants a version in Production writes its intent (registry/state.h). Then every caller,
 * whoever wins, does the same: read all, compute the desired version (the winner), and if the
 * registry does not agree, call transition-stage for THE WINNER with
 * archive_existing_versions=true; read again, until it agrees on one winner twice in a row, with a
 * random pause between.
 *
 * Why the end is right: every write, of a tag or a stage, is followed by a reading of its writer.
 * Whoever writes last therefore reads the last state, and leaves only if there the winner alone is
 * Production. MLflow does not isolate a caller with an older view: its write may commit after ours;
 * but then it is the one that reads after it. Killed anywhere, there is nothing to undo: the next
 * caller reads, and finishes it. Why it ends: the tags are written once each; after the last,
 * everybody promotes the same version, and one such write is enough. Why twice: a reading is three
 * moments (decision, stages, tags), so one can be put together of two halves; two that agree on one
 * winner have a moment between at which it was so.
 *
 * Without Production? The call that archives also promotes, in one transaction, and nothing is
 * archived alone. What is left: MLflow writes the stage of the target only where it read another
 * one, so that two overlapping transitions of versions that are BOTH Production already can archive
 * each other. On SQLite they cannot (the target is read under the write lock), nor if SERIALIZABLE.
 * On READ COMMITTED (PostgreSQL) the locks on the archived rows prevent it for up to three callers
 * at once; four or more with three different winners in view could, all within one transaction's
 * time. On MySQL's REPEATABLE READ three can. Then the gap lasts until the callers that made it
 * have read again, some 50 ms, or, were all of them killed, until the next caller. REST offers no
 * condition
 * ("only if") that would close it; READ COMMITTED is the setting for MySQL.
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

/* registry_reconcile - read and write until the registry agrees (see above). *winner: who is
 * Production at the end, 0 for nobody. */
MUST_CHECK int registry_reconcile(
	struct registry *registry, const char *by, int64_t *winner, struct fail *f);

#endif
