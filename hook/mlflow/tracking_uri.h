/* tracking_uri - what a tracking or registry URI names: a server, a SageMaker resource by its ARN,
 * or something that this program cannot talk to.
 *
 * MLflow's Python client takes many kinds of URIs; those that are no server of HTTP are refused by
 * name, with what would work instead.
 */
#ifndef MODELHOOK_MLFLOW_TRACKING_URI_H
#define MODELHOOK_MLFLOW_TRACKING_URI_H

#include "base/fail.h"

struct mlflow_options; /* mlflow/options.h */

/* tracking_uri_settle - the tracking URI and the registry URI of the options, which is the first
 * unless given: without white space around it, without the slash at its end and without the
 * fragment of a page that was copied from a browser. CONFIGURATION where either is no server. */
MUST_CHECK int tracking_uri_settle(struct mlflow_options *options, struct fail *f);

#endif
