/* registry - makes the registry agree with what its tags say: one version per package, one
 * Production.
 *
 * Registering. Ask by digest tag before each create; a create without an answer is asked about
 * before it is sent again; of several versions with our digest the lowest stays and the others are
 * marked.
 *
 * Promoting. Whoever wants a version in Production writes its intent (registry/state.h); then every
 * caller, whoever wins, does the same: read all, compute the winner, and if the registry does not
 * agree, call transition-stage for THE WINNER with archive_existing_versions=true; read again,
 * until it agrees on one winner twice in a row, with a random pause between.
 *
 * Why the end is right: every write, of a tag or a stage, is followed by a reading of its writer.
 * Whoever writes last therefore reads the last state, and leaves only if there the winner alone is
 * Production. MLflow does not isolate a caller with an older view: its push may commit after ours;
 * but then it is the one that reads after it. Killed anywhere, there is nothing to undo: the next
 * caller reads, and finishes it. Why it ends: the tags are written once each; after the last,
 * everybody pushes the same version, and a push by itself settles it. Why twice: a reading is three
 * moments (decision, stages, tags), so one can be put together of two halves; two that agree on one
 * winner have a moment between at which it was so.
 *
 * Without Production? The call that archives also promotes, in one transaction, and nothing is
 * archived alone. What is left: MLflow writes the stage of the target only where it read another
 * one, so that two overlapping pushes of versions that are BOTH Production already can archive each
 * other. On SQLite they cannot (the target is read under the write lock), nor if SERIALIZABLE. On
 * READ COMMITTED (PostgreSQL) the locks on the archived rows prevent it for up to three callers at
 * once; four or more with three different winners in view could, all within one transaction's time.
 * On MySQL's REPEATABLE READ three can. Then the gap lasts until the callers that made it have read
 * again, some 50 ms, or, were all of them killed, until the next caller. REST offers no condition
 * ("only if") that would close it; READ COMMITTED is the setting for MySQL.
 *
 * All this is checked exhaustively, and wrong variants are found wrong: tests/model. Other limits:
 * a lagging read replica shows what is settled no more; a request that the server still carries out
 * after its caller gave up counts as a killed caller's; a writer that is not modelhook can undo the
 * end at any time, which `status` shows and the next call mends.
 *
 * struct registry borrows the client and owns the last standing it read.
 */
#ifndef MODELHOOK_REGISTRY_REGISTRY_H
#define MODELHOOK_REGISTRY_REGISTRY_H

#include "base/fail.h"
#include "mlflow/mlflow.h"
#include "mlflow/versions.h"
#include "registry/options.h"
#include "registry/state.h"

struct registry {
	struct mlflow *mlflow;
	const char *model; /* borrowed: registered model name */
	bool stage;	   /* stages are kept in step */
	bool alias;	   /* aliases are kept in step */
	struct registry_state state;
	bool read;	 /* standing was read; with a plan, later reads keep what was planned */
	bool fresh;	 /* nothing was written since */
	int64_t created; /* by this; 0: none */
	int64_t proven;	 /* the version whose files the caller, or this, has proven; 0: none */
	int transitions; /* sent so far */
	const char *how; /* of transitions from now on, for the history; NULL: what the tags say */
	const char *why; /* with how: the reason; NULL: what the tags say. Both borrowed. */
};

/* registry_open - ask what the server has (stages, aliases) and settle what is kept in step.
 * CONFIGURATION where promote_by asks for what the server lacks. The model need not be there yet.
 */
MUST_CHECK int registry_open(struct registry *registry, struct mlflow *mlflow, const char *model,
	enum promote_by by, struct fail *f);
void registry_release(struct registry *registry);

/* registry_check_model - REFUSED where the name is that of a prompt: before anything is sent */
MUST_CHECK int registry_check_model(struct registry *registry, struct fail *f);

/* registry_read - the standing, anew; *found false: no such model; REFUSED for a prompt. What the
 * search does not show of it, and the registered model or this names, is asked for by number. */
MUST_CHECK int registry_read(struct registry *registry, bool *found, struct fail *f);

/* registry_ensure_model - create the registered model unless it is there */
MUST_CHECK int registry_ensure_model(struct registry *registry, struct fail *f);

/* registry_register - the version of this digest: found, or created. Marks duplicates. *created
 * tells. */
MUST_CHECK int registry_register(struct registry *registry, const struct version_request *request,
	const char *digest, int64_t *number, bool *created, struct fail *f);

/* registry_await_ready - wait until the version is READY; REFUSED where its registration failed */
MUST_CHECK int registry_await_ready(struct registry *registry, int64_t number, struct fail *f);

/* registry_tag - set a tag of a version unless it has that value already */
MUST_CHECK int registry_tag(struct registry *registry, int64_t number, const char *key,
	const char *value, struct fail *f);

/* registry_untag - remove a tag of a version; not being there is fine */
MUST_CHECK int registry_untag(
	struct registry *registry, int64_t number, const char *key, struct fail *f);

/* registry_tag_model - set a tag of the registered model */
MUST_CHECK int registry_tag_model(
	struct registry *registry, const char *key, const char *value, struct fail *f);

/* registry_withdraw - take a version out of those that may be Production, with the reason */
MUST_CHECK int registry_withdraw(
	struct registry *registry, int64_t number, const char *by, const char *why, struct fail *f);

/* registry_converge - make it so (see above). *winner: who is Production at the end, 0 for nobody.
 */
MUST_CHECK int registry_converge(
	struct registry *registry, const char *by, int64_t *winner, struct fail *f);

#endif
