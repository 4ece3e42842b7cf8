/* registry - one model in the registry: its state, read, and its tags, written.
 *
 * What becomes of it: registry/register.h (one version per package) and registry/reconcile.h (one
 * Production version). struct registry borrows the client and owns the last state it read.
 */
#ifndef MODELHOOK_REGISTRY_REGISTRY_H
#define MODELHOOK_REGISTRY_REGISTRY_H

#include "base/fail.h"
#include "registry/options.h"
#include "registry/state.h"

struct registry {
	struct mlflow *mlflow;
	const char *model; /* borrowed: registered model name */
	bool stage;	   /* stages are kept in step */
	bool alias;	   /* aliases are kept in step */
	struct registry_state state;
	bool read;   /* the state was read; with a plan, later reads keep what was planned */
	bool is_new; /* registry_check_model found no such model */
	int64_t production_before; /* what was Production when it was first read; 0: none */
	bool fresh;		   /* nothing was written since */
	int64_t created;	   /* by this; 0: none */
	int64_t verified; /* the version whose files the caller, or this, has verified; 0: none */
	int transitions;  /* sent so far */
	const char *how;  /* of transitions from now on, for the history; NULL: what the tags say */
	const char *why;  /* with how: the reason; NULL: what the tags say. Both borrowed. */
};

/* registry_open - ask what the server has (stages, aliases) and settle what is kept in step.
 * CONFIGURATION where promote_by asks for what the server lacks. The model need not be there yet.
 */
MUST_CHECK int registry_open(struct registry *registry, struct mlflow *mlflow, const char *model,
	enum promote_by by, struct fail *f);
void registry_release(struct registry *registry);

/* registry_check_model - REFUSED where the name is that of a prompt: before anything is sent; sets
 * is_new */
MUST_CHECK int registry_check_model(struct registry *registry, struct fail *f);

/* registry_read - the state, anew; *found false: no such model; REFUSED for a prompt. What the
 * search does not show of it, and the registered model or this names, is asked for by number. */
MUST_CHECK int registry_read(struct registry *registry, bool *found, struct fail *f);

/* registry_read_unless_fresh - the same, unless nothing was written since the last reading */
MUST_CHECK int registry_read_unless_fresh(struct registry *registry, bool *found, struct fail *f);

/* registry_ensure_model - create the registered model unless it is there */
MUST_CHECK int registry_ensure_model(struct registry *registry, struct fail *f);

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

/* struct registry_decision - that this version is wanted in Production; borrowed strings */
struct registry_decision {
	int64_t version;
	const char *by;
	const char *how; /* one of HOW_... */
	const char *why; /* the reason, or NULL */
	int64_t at_ms;	 /* trainings after that outrank it; 0: now */
};

/* registry_decide - record it on the model */
MUST_CHECK int registry_decide(
	struct registry *registry, const struct registry_decision *decision, struct fail *f);

#endif
