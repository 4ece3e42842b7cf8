#include "store/folders.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

#define DEPTH_MAX 32
#define FOLDERS_MAX 20000

/* struct descent - one walk through the folders below one */
struct descent {
	struct store *store;
	folders_function *list;
	struct store_listing *listing;
	size_t folder_count;
};

/* struct level - one folder on the way. below: the part of it that the listing's paths begin with,
 * "" or ending in a slash. Owns its list of folders. */
struct level {
	struct descent *descent;
	const char *below;
	size_t files_before;
	char **folders;
	size_t folder_count;
	size_t charged; /* for them */
};

static int add_folder(struct level *level, const char *name, struct fail *f)
{
	size_t count = level->folder_count, bytes = strlen(name) + 2 * sizeof(char *) + 24;
	if (++level->descent->folder_count > FOLDERS_MAX)
		return fail_set(
			f, STATUS_NOT_A_REGISTRY, "the list has more than %d folders", FOLDERS_MAX);
	if (store_listing_charge(level->descent->listing, bytes, f) != 0)
		return -1;
	level->charged += bytes;
	if ((count & (count - 1)) == 0)
		level->folders = memory_grow(
			level->folders, count > 0 ? 2 * count : 1, sizeof(*level->folders));
	level->folders[level->folder_count++] = text_copy(name);
	return 0;
}

static int take(void *context, const struct entry *entry, struct fail *f)
{
	struct level *level = context;
	if (entry->is_folder)
		return add_folder(level, entry->name, f);
	char *path = text_format("%s%s", level->below, entry->name);
	int result = store_listing_add(level->descent->listing, path, entry->size, NULL, f);
	free(path);
	return result;
}

static void release(struct level *level)
{
	for (size_t i = 0; i < level->folder_count; i++)
		free(level->folders[i]);
	free(level->folders);
	level->folders = NULL;
	level->folder_count = 0;
	level->descent->listing->bytes -= level->charged;
	level->charged = 0;
}

static void restart(void *context)
{
	struct level *level = context;
	level->descent->folder_count -= level->folder_count;
	release(level);
	store_listing_cut(level->descent->listing, level->files_before);
}

/* folder: what is asked for */
static int list_below(
	struct descent *descent, const char *folder, const char *below, int depth, struct fail *f)
{
	struct level level = {
		.descent = descent, .below = below, .files_before = descent->listing->count};
	struct entry_taker taker = {take, restart, &level};
	if (depth > DEPTH_MAX)
		return fail_set(f, STATUS_UNACCEPTABLE, "folders deeper than %d", DEPTH_MAX);
	int result = descent->list(descent->store, folder, &taker, f);
	for (size_t i = 0; i < level.folder_count && result == 0; i++) {
		const char *name = level.folders[i];
		char *next = text_format("%s%s%s", folder, folder[0] != '\0' ? "/" : "", name);
		char *start = text_format("%s%s/", below, name);
		result = list_below(descent, next, start, depth + 1, f);
		free(start);
		free(next);
	}
	release(&level);
	return result;
}

int folders_list(struct store *s, folders_function *list, const char *folder,
	struct store_listing *listing, struct fail *f)
{
	struct descent descent = {s, list, listing, 0};
	return list_below(&descent, folder, "", 0, f);
}
