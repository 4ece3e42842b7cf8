#include "store/hdfs/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/text.h"
#include "store/folders.h"
#include "store/hdfs/call.h"
#include "store/hdfs/file.h"
#include "store/hdfs/put.h"

/* Lists. */

static int take_lasting(void *context, const struct entry *entry, struct fail *f)
{
	const struct entry_taker *taker = context;
	if (!entry->is_folder && hdfs_is_temporary(entry->name))
		return 0;
	return taker->take(taker->context, entry, f);
}

static void restart(void *context)
{
	const struct entry_taker *taker = context;
	taker->restart(taker->context);
}

static int list_folder(
	struct store *s, const char *folder, const struct entry_taker *taker, struct fail *f)
{
	struct entry_taker lasting = {take_lasting, restart, (void *)taker};
	return hdfs_list_folder(s, folder, &lasting, f);
}

static int list_all(
	struct store *s, const char *folder, struct store_listing *listing, struct fail *f)
{
	return folders_list(s, list_folder, folder, listing, f);
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
	struct json_lenient answer;
	*kept = NULL;
	int result = hdfs_ask_json(s, &operation, &reply, &answer, f);
	if (result == 0 && reply.http.status == 200) {
		const struct json_lenient_value *next;
		if (json_lenient_items(&answer, json_lenient_root(&answer), "XAttrs", &next) == 1)
			*kept = json_lenient_string(
				&answer, json_lenient_item(&answer, &next, "XAttrs"), "value");
	}
	json_lenient_release(&answer);
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
