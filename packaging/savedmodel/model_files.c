#include "packaging/savedmodel/model_files.h"

#include <stdlib.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"

/* What TensorFlow, or a server of its models, has a use for. */
static bool is_part_of_model(const char *path)
{
	return text_equal(path, GRAPH) || text_equal(path, FINGERPRINT) ||
	       text_equal(path, "keras_metadata.pb") || text_starts_with(path, "variables/") ||
	       text_starts_with(path, ASSETS) || text_starts_with(path, "assets.extra/");
}

static int compare_identity(const void *a, const void *b)
{
	const struct file_entry *x = *(struct file_entry *const *)a;
	const struct file_entry *y = *(struct file_entry *const *)b;
	if (x->device != y->device)
		return x->device < y->device ? -1 : 1;
	return (x->inode > y->inode) - (x->inode < y->inode);
}

/* A file that a link makes a part of the model is not taken again from where the link leads. */
static void drop_link_targets(struct file_list *list)
{
	struct file_entry **parts = memory_get(list->count + 1, sizeof(struct file_entry *));
	bool *dropped = memory_get(list->count + 1, sizeof(bool));
	size_t count = 0, kept = 0;
	for (size_t i = 0; i < list->count; i++)
		if (is_part_of_model(list->entries[i].path))
			parts[count++] = &list->entries[i];
	if (count > 1)
		qsort(parts, count, sizeof(*parts), compare_identity);
	for (size_t i = 0; i < list->count; i++) {
		const struct file_entry *entry = &list->entries[i];
		dropped[i] =
			!is_part_of_model(entry->path) && count > 0 &&
			bsearch(&entry, parts, count, sizeof(*parts), compare_identity) != NULL;
	}
	for (size_t i = 0; i < list->count; i++)
		if (dropped[i])
			free(list->entries[i].path);
		else
			list->entries[kept++] = list->entries[i];
	list->count = kept;
	free(parts);
	free(dropped);
}

int model_files_list(const struct tree *tree, struct file_list *list, struct fail *f)
{
	if (tree_list(tree, MODEL_FILES_MAX, list, f) != 0)
		return -1;
	drop_link_targets(list);
	return 0;
}
