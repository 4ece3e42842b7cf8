/* operator - what a person does by hand: the decisions behind promote, rollback, archive, tag,
 * describe, delete.
 *
 * Promote and rollback are decisions (registry/decision.h); nobody has to archive anything by hand,
 * and nothing here takes the Production version away without another in its place.
 */
#ifndef MODELHOOK_COMMAND_OPERATOR_H
#define MODELHOOK_COMMAND_OPERATOR_H

#include "base/fail.h"
#include "invocation/invocation.h"
#include "mlflow/session.h"
#include "registry/registry.h"

/* struct operator - an open line to one model; owns what it opened */
struct operator
{
	struct invocation *call;
	struct session session;
	struct registry registry;
	char *who;
};

/* operator_check_model - USAGE where no consumer could address a model of that name */
MUST_CHECK int operator_check_model(const char *name, struct fail *f);

/* operator_check_name - before a server is asked: a version is a number, or an alias as MLflow
 * takes them; else USAGE */
MUST_CHECK int operator_check_name(const char *name, struct fail *f);

/* operator_open - settings, server, and the state of the model; USAGE for such a name, REFUSED
 * where there is none of that name. On -1 it can still be released. */
MUST_CHECK int operator_open(
	struct operator* operator, struct invocation * call, const char *model, struct fail *f);
void operator_release(struct operator* operator);

/* operator_version - the version named on the command line: its number, "production" or another
 * alias; REFUSED where the model has no such version */
MUST_CHECK int operator_version(const struct operator* operator, const char * name,
	const struct version **version, struct fail *f);

/* operator_stage - move a version to Staging, Archived or None; REFUSED for the Production version
 */
MUST_CHECK int operator_stage(struct operator* operator, const struct version * version,
	const char *stage, const char *why, struct fail *f);

/* operator_confirm - ask for the model's name, unless --yes or --plan; USAGE where it is not given
 */
MUST_CHECK int operator_confirm(struct operator* operator, const char * question, struct fail *f);

#endif
