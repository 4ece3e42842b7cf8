/* folders - the listings of servers that show one folder at a time, as MLflow's and HDFS do.
 */
#ifndef MODELHOOK_STORE_FOLDERS_H
#define MODELHOOK_STORE_FOLDERS_H

#include "base/entry.h"
#include "base/fail.h"
#include "store/store.h"

/* Gives what is in one folder to taker; not being there is an empty one. */
typedef int folders_function(
	struct store *s, const char *folder, const struct entry_taker *taker, struct fail *f);

/* folders_list - every file in folder and below it; NOT_A_REGISTRY beyond 20,000 folders, for a
 * server that shows a folder within itself */
MUST_CHECK int folders_list(struct store *s, folders_function *list, const char *folder,
	struct store_listing *listing, struct fail *f);

#endif
