/* store_hdfs - files of an HDFS, over WebHDFS. */
#include <stdlib.h>
#include <string.h>

#include "store/hdfs/file.h"
#include "store/hdfs/put.h"

#define DEPTH_MAX 32

/* Lists. */

/* at: the folder; inside: the same as the listing's paths begin */
static int list_below(struct store *s, const char *at, const char *inside, int depth,
	struct store_listing *listing, struct fail *f)
{
	struct hdfs_entries entries;
	if (depth > DEPTH_MAX)
		return fail_set(f, STATUS_UNACCEPTABLE, "folders deeper than %d", DEPTH_MAX);
	int result = hdfs_list_folder(s, at, &entries, f);
	for (size_t i = 0; result == 0 && i < entries.count; i++) {
		const struct hdfs_entry *entry = &entries.items[i];
		char *path = hdfs_below(at, entry->name), *told = hdfs_below(inside, entry->name);
		if (entry->is_folder)
			result = list_below(s, path, told, depth + 1, listing, f);
		else if (!hdfs_is_temporary(entry->name))
			result = store_listing_add(listing, told, entry->size, f);
		free(path);
		free(told);
	}
	hdfs_entries_release(&entries);
	return result;
}

static int list_all(
	struct store *s, const char *folder, struct store_listing *listing, struct fail *f)
{
	return list_below(s, folder, "", 0, listing, f);
}

/* Get, has, remove. */

static int get(struct store *s, const char *path, const struct http_sink *sink, bool *found,
	struct fail *f)
{
	struct hdfs_operation operation = {
		.method = "GET", .name = "OPEN", .path = path, .sink = sink};
	struct hdfs_reply reply;
	int result = hdfs_transfer(s, &operation, &reply, f);
	*found = result == 0 && !hdfs_is_missing(&reply);
	if (*found)
		result = hdfs_expect(s, &reply, f);
	hdfs_reply_release(&reply);
	return result;
}

/* The digest that was kept with it; *kept NULL where there is none. */
static int read_digest(struct store *s, const char *path, char **kept, struct fail *f)
{
	struct hdfs_operation operation = {.method = "GET",
		.name = "GETXATTRS",
		.path = path,
		.more = "&xattr.name=" HDFS_ATTRIBUTE "&encoding=hex"};
	struct hdfs_reply reply;
	struct answer answer;
	*kept = NULL;
	int result = hdfs_ask_json(s, &operation, &reply, &answer, f);
	if (result == 0 && reply.http.status == 200) {
		const struct answer_value *next;
		if (answer_items(&answer, answer_root(&answer), "XAttrs", &next) == 1)
			*kept = answer_string(
				&answer, answer_item(&answer, &next, "XAttrs"), "value");
	}
	answer_release(&answer);
	hdfs_reply_release(&reply);
	return result;
}

static int has(
	struct store *s, const struct store_content *content, enum store_has *has, struct fail *f)
{
	uint64_t size;
	bool found;
	char *kept;
	*has = STORE_HAS_NOT;
	if (hdfs_read_size(s, content->path, &size, &found, f) != 0)
		return -1;
	if (!found)
		return 0;
	*has = STORE_HAS_OTHER;
	if (size != content->size)
		return 0;
	if (read_digest(s, content->path, &kept, f) != 0)
		return -1;
	bool same = kept != NULL && content->sha256 != NULL && text_starts_with(kept, "0x") &&
		    strcmp(kept + 2, content->sha256) == 0;
	*has = same ? STORE_HAS_SAME : STORE_HAS_SOME;
	free(kept);
	return 0;
}

static void release(struct store *s)
{
	if (s->state != NULL)
		hdfs_sweep_again(s);
	hdfs_close(s);
}

const struct store_kind store_hdfs = {
	.scheme = "hdfs",
	.list = list_all,
	.put = hdfs_put,
	.get = get,
	.remove = hdfs_remove,
	.has = has,
	.show = store_show_in_root,
	.release = release,
};
