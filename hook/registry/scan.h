/* scan - the state of every model of a registry, with what is wrong in it, in few calls.
 *
 * The models and all versions are searched once (mlflow_all_versions): the search of versions does
 * not say their aliases. A model that was changed within the last minutes and looks wrong is read
 * again by itself: between two pages somebody may have promoted. Memory is that of the models and
 * of two pages of versions.
 */
#ifndef MODELHOOK_REGISTRY_SCAN_H
#define MODELHOOK_REGISTRY_SCAN_H

#include "base/fail.h"
#include "mlflow/session.h"
#include "registry/anomaly.h"
#include "registry/options.h"

/* Is given each model, in no order, seldom twice; what it is given is borrowed for the call. */
typedef int scan_function(void *context, const struct registry_state *state,
	const struct anomalies *anomalies, struct fail *f);

/* scan_registry - the checks are those of the options */
MUST_CHECK int scan_registry(const struct registry_options *options, struct mlflow *mlflow,
	scan_function *each, void *context, struct fail *f);

/* scan_model - the same for one; REFUSED where there is none of that name */
MUST_CHECK int scan_model(const struct registry_options *options, struct mlflow *mlflow,
	const char *model, scan_function *each, void *context, struct fail *f);

#endif
