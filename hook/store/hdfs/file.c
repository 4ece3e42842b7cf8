#include "store/hdfs/file.h"

#include <stdlib.h>
#include <string.h>

int hdfs_ask_json(struct store *s, const struct hdfs_operation *operation, struct hdfs_reply *reply,
	struct answer *answer, struct fail *f)
{
	*answer = (struct answer){0};
	int result = hdfs_ask(s, operation, reply, f);
	if (result == 0 && reply->http.status == 200)
		result = answer_parse(
			answer, text_string(&reply->http.body), reply->http.body.size, f);
	return result;
}

/* Lists. */

void hdfs_entries_release(struct hdfs_entries *entries)
{
	for (size_t i = 0; i < entries->count; i++)
		free(entries->items[i].name);
	free(entries->items);
	*entries = (struct hdfs_entries){0};
}

/* A file has itself for its one entry, without a name; a link is neither file nor folder. */
static void take_entry(
	struct hdfs_entries *entries, struct answer *answer, const struct answer_value *status)
{
	char *name = answer_string(answer, status, "pathSuffix");
	char *type = answer_string(answer, status, "type");
	int64_t size = answer_integer(answer, status, "length");
	bool is_folder = strcmp(type, "DIRECTORY") == 0;
	if (name[0] != '\0' && (is_folder || strcmp(type, "FILE") == 0)) {
		entries->items =
			memory_grow(entries->items, entries->count + 1, sizeof(*entries->items));
		entries->items[entries->count++] = (struct hdfs_entry){
			text_copy(name), is_folder, size > 0 ? (uint64_t)size : 0};
	}
	free(name);
	free(type);
}

int hdfs_list_folder(
	struct store *s, const char *folder, struct hdfs_entries *entries, struct fail *f)
{
	struct hdfs_operation operation = {.method = "GET", .name = "LISTSTATUS", .path = folder};
	struct hdfs_reply reply;
	struct answer answer;
	*entries = (struct hdfs_entries){0};
	int result = hdfs_ask_json(s, &operation, &reply, &answer, f);
	if (result == 0 && !hdfs_is_missing(&reply))
		result = hdfs_expect(s, &reply, f);
	if (result == 0 && reply.http.status == 200) {
		const struct answer_value *next,
			*statuses = answer_object(&answer, answer_root(&answer), "FileStatuses");
		for (size_t left = answer_items(&answer, statuses, "FileStatus", &next); left > 0;
			left--)
			take_entry(entries, &answer, answer_item(&answer, &next, "FileStatus"));
		result = answer_check(&answer, f);
	}
	answer_release(&answer);
	hdfs_reply_release(&reply);
	return result;
}

bool hdfs_is_temporary(const char *name)
{
	return name[0] == '.' && text_ends_with(name, HDFS_TEMPORARY_END);
}

char *hdfs_below(const char *folder, const char *name)
{
	return text_format("%s%s%s", folder, folder[0] != '\0' ? "/" : "", name);
}

/* One file. */

int hdfs_read_size(struct store *s, const char *path, uint64_t *size, bool *found, struct fail *f)
{
	struct hdfs_operation operation = {.method = "GET", .name = "GETFILESTATUS", .path = path};
	struct hdfs_reply reply;
	struct answer answer;
	int result = hdfs_ask_json(s, &operation, &reply, &answer, f);
	*found = result == 0 && !hdfs_is_missing(&reply);
	if (*found)
		result = hdfs_expect(s, &reply, f);
	if (result == 0 && *found) {
		const struct answer_value *status =
			answer_object(&answer, answer_root(&answer), "FileStatus");
		answer_need(&answer, status, "length");
		*size = (uint64_t)answer_integer(&answer, status, "length");
		result = answer_check(&answer, f);
	}
	answer_release(&answer);
	hdfs_reply_release(&reply);
	return result;
}

int hdfs_read_checksum(struct store *s, const char *path, struct hdfs_checksum *checksum,
	bool *known, struct fail *f)
{
	struct hdfs_operation operation = {
		.method = "GET", .name = "GETFILECHECKSUM", .path = path};
	struct hdfs_reply reply;
	struct answer answer = {0};
	struct fail ignored;
	*known = false;
	int result = hdfs_transfer(s, &operation, &reply, f);
	if (result == 0 && reply.http.status == 200 &&
		answer_parse(&answer, text_string(&reply.http.body), reply.http.body.size,
			&ignored) == 0) {
		const struct answer_value *told =
			answer_object(&answer, answer_root(&answer), "FileChecksum");
		char *algorithm = answer_string(&answer, told, "algorithm");
		char *bytes = answer_string(&answer, told, "bytes");
		*known = hdfs_checksum_parse(algorithm, bytes, checksum);
		free(algorithm);
		free(bytes);
	}
	answer_release(&answer);
	hdfs_reply_release(&reply);
	return result;
}

int hdfs_remove(struct store *s, const char *path, struct fail *f)
{
	struct hdfs_operation operation = {
		.method = "DELETE", .name = "DELETE", .path = path, .more = "&recursive=true"};
	struct hdfs_reply reply;
	int result = hdfs_ask(s, &operation, &reply, f);
	if (result == 0 && !hdfs_is_missing(&reply))
		result = hdfs_expect(s, &reply, f);
	hdfs_reply_release(&reply);
	return result;
}
