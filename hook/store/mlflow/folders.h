/* folders - the listings of servers that show one folder at a time, as MLflow's do.
 */
#ifndef MODELHOOK_STORE_MLFLOW_FOLDERS_H
#define MODELHOOK_STORE_MLFLOW_FOLDERS_H

#include "mlflow/read.h"
#include "store/store.h"

/* What is in one folder; not being there is an empty one. Release the artifacts whatever the
 * result. */
typedef int folders_function(
	struct store *s, const char *folder, struct artifacts *artifacts, struct fail *f);

/* folders_list - every file in folder and below it */
MUST_CHECK int folders_list(struct store *s, folders_function *list, const char *folder,
	struct store_listing *listing, struct fail *f);

#endif
