#include "store/hdfs/file.h"

#include <stdlib.h>
#include <string.h>

#include "base/stop.h"
#include "packaging/json/answer_list.h"

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

/* A list on its way: what hdfs_operation.sink points to. */
struct entry_reading {
	const struct entry_taker *taker;
	struct answer_list list;
};

/* A file has itself for its one entry, without a name; a link is neither file nor folder. */
static int take_entry(
	void *context, struct answer *answer, const struct answer_value *status, struct fail *f)
{
	const struct entry_taker *taker = context;
	char *type = answer_string(answer, status, "type");
	int64_t size = answer_integer(answer, status, "length");
	struct entry entry = {
		.name = answer_string(answer, status, "pathSuffix"),
		.is_folder = strcmp(type, "DIRECTORY") == 0,
		.size = size > 0 ? (uint64_t)size : 0,
	};
	int result = stop_or_late(f);
	if (result == 0 && entry.name[0] != '\0' && (entry.is_folder || strcmp(type, "FILE") == 0))
		result = taker->take(taker->context, &entry, f);
	free(entry.name);
	free(type);
	return result;
}

static int sink_write(void *context, const void *bytes, size_t size, struct fail *f)
{
	struct entry_reading *reading = context;
	return answer_list_add(&reading->list, bytes, size, f);
}

static int sink_restart(void *context, struct fail *f)
{
	struct entry_reading *reading = context;
	(void)f;
	answer_list_restart(&reading->list);
	reading->taker->restart(reading->taker->context);
	return 0;
}

static void reading_open(struct entry_reading *reading, const struct entry_taker *taker)
{
	*reading = (struct entry_reading){
		.taker = taker,
		.list = {.key = "FileStatus",
			.depth = 2,
			.take = take_entry,
			.context = (void *)taker},
	};
}

static int reading_end(struct entry_reading *reading, struct fail *f)
{
	struct answer rest;
	int result = answer_list_end(&reading->list, &rest, f);
	if (result == 0) {
		const struct answer_value *first,
			*statuses = answer_object(&rest, answer_root(&rest), "FileStatuses");
		answer_items(&rest, statuses, "FileStatus", &first);
		result = answer_check(&rest, f);
	}
	answer_release(&rest);
	return result;
}

int hdfs_list_folder(
	struct store *s, const char *folder, const struct entry_taker *taker, struct fail *f)
{
	struct entry_reading reading;
	struct http_sink sink = {sink_write, sink_restart, &reading};
	struct hdfs_operation operation = {
		.method = "GET", .name = "LISTSTATUS", .path = folder, .sink = &sink};
	struct hdfs_reply reply;
	reading_open(&reading, taker);
	int result = hdfs_ask(s, &operation, &reply, f);
	if (result == 0 && !hdfs_is_missing(&reply))
		result = hdfs_expect(s, &reply, f);
	if (result == 0 && reply.http.status == 200)
		result = reading_end(&reading, f);
	answer_list_release(&reading.list);
	hdfs_reply_release(&reply);
	return result;
}

int hdfs_read_entries(
	const void *bytes, size_t size, const struct entry_taker *taker, struct fail *f)
{
	struct entry_reading reading;
	reading_open(&reading, taker);
	int result = answer_list_add(&reading.list, bytes, size, f);
	if (result == 0)
		result = reading_end(&reading, f);
	answer_list_release(&reading.list);
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
