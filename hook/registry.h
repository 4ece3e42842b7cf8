/* registry - makes the registry agree with what its tags say: one version per package, one
 * Production.
 *
 * Registering. Ask by digest tag before each create; a create without an answer is asked about
 * before it is sent again; of several versions with our digest the lowest stays and the others are
 * marked.
 *
 * Promoting. Whoever wants a version in Production writes its intent (standing.h); then every
 * caller, whoever wins, does the same: read all versions, compute the winner, and if the registry
 * does not agree, call transition-stage for THE WINNER with archive_existing_versions=true; read
 * again, until the winner alone is Production twice in a row, with a random pause between.
 *
 * Why there is never a moment without Production: the one call that archives also promotes, in one
 * database transaction, and nothing is ever archived alone. Why it ends: the winner is a function
 * of tags that only grow in number; after the last tag was written every caller computes the same
 * winner, and each transition leaves it in Production. Two that race can both find others to
 * archive and archive the same ones. What MLflow does not isolate is a caller with an older view:
 * its transition, for an older winner, may commit after ours. But it reads again after its own
 * write, sees the newer intent, and pushes the newer winner, as does anyone who reads after it. The
 * last to write reads last. Why twice in a row with a pause: a writer that read before our intent
 * was visible may still commit once. Killed anywhere, the next caller finishes it: there is nothing
 * to undo. Limits: a registry read from a lagging replica can show a settled state that is not; a
 * writer that is not modelhook can undo the end state at any time, which `status` shows and the
 * next call mends.
 *
 * struct registry borrows the client and owns the last standing it read.
 */
#ifndef MODELHOOK_REGISTRY_H
#define MODELHOOK_REGISTRY_H

#include "standing.h"

struct registry {
	struct mlflow *mlflow;
	const char *model; /* borrowed: registered model name */
	bool stage;	   /* stages are kept in step */
	bool alias;	   /* aliases are kept in step */
	struct standing standing;
	bool read;	 /* standing was read; with a plan, later reads keep what was planned */
	bool fresh;	 /* nothing was written since */
	int transitions; /* sent so far */
};

/* registry_open - ask what the server has (stages, aliases) and settle what is kept in step.
 * CONFIGURATION where promote_by asks for what the server lacks. The model need not be there yet.
 */
MUST_CHECK int registry_open(struct registry *registry, struct mlflow *mlflow, const char *model,
	enum promote_by by, struct fail *f);
void registry_release(struct registry *registry);

/* registry_read - the standing, anew; *found false: no such model */
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

/* registry_converge - make it so (see above). *winner: who is Production at the end, 0 for nobody.
 */
MUST_CHECK int registry_converge(
	struct registry *registry, const char *by, int64_t *winner, struct fail *f);

#endif
