#include "store/mlflow/folders.h"

#include <stdlib.h>

#define DEPTH_MAX 32

/* struct descent - one walk through the folders below one */
struct descent {
	struct store *store;
	folders_function *list;
	struct store_listing *listing;
};

/* folder: what is asked for; below: the part of it that the listing's paths begin with, "" or
 * ending in a slash */
static int list_below(
	struct descent *descent, const char *folder, const char *below, int depth, struct fail *f)
{
	struct artifacts artifacts;
	if (depth > DEPTH_MAX)
		return fail_set(f, STATUS_UNACCEPTABLE, "folders deeper than %d", DEPTH_MAX);
	int result = descent->list(descent->store, folder, &artifacts, f);
	for (size_t i = 0; i < artifacts.count && result == 0; i++) {
		const struct artifact *item = &artifacts.items[i];
		char *path = text_format("%s%s", below, item->path);
		if (item->is_folder) {
			char *next = text_format(
				"%s%s%s", folder, folder[0] != '\0' ? "/" : "", item->path);
			char *start = text_format("%s/", path);
			result = list_below(descent, next, start, depth + 1, f);
			free(start);
			free(next);
		} else {
			result = store_listing_add(descent->listing, path, item->size, f);
		}
		free(path);
	}
	artifacts_release(&artifacts);
	return result;
}

int folders_list(struct store *s, folders_function *list, const char *folder,
	struct store_listing *listing, struct fail *f)
{
	struct descent descent = {s, list, listing};
	return list_below(&descent, folder, "", 0, f);
}
