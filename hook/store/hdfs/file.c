#include "store/hdfs/file.h"

#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/stop.h"
#include "base/text.h"
#include "http/types.h"
#include "packaging/json/json_list.h"

int hdfs_ask_json(struct store *s, const struct hdfs_operation *operation, struct hdfs_reply *reply,
	struct json_lenient *answer, struct fail *f)
{
	*answer = (struct json_lenient){0};
	int result = hdfs_ask(s, operation, reply, f);
	if (result == 0 && reply->http.status == 200)
		result = json_lenient_parse(
			answer, text_string(&reply->http.body), reply->http.body.size, f);
	return result;
}

/* Lists. */

/* A list on its way: what hdfs_operation.sink points to. */
struct entry_reading {
	const struct entry_taker *taker;
	struct json_list list;
};

/* A file has itself for its one entry, without a name; a link is neither file nor folder. */
static int take_entry(void *context, struct json_lenient *answer,
	const struct json_lenient_value *status, struct fail *f)
{
	const struct entry_taker *taker = context;
	char *type = json_lenient_string(answer, status, "type");
	int64_t size = json_lenient_integer(answer, status, "length");
	struct entry entry = {
		.name = json_lenient_string(answer, status, "pathSuffix"),
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
	return json_list_add(&reading->list, bytes, size, f);
}

static int sink_restart(void *context, struct fail *f)
{
	struct entry_reading *reading = context;
	(void)f;
	json_list_restart(&reading->list);
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
	struct json_lenient rest;
	int result = json_list_end(&reading->list, &rest, f);
	if (result == 0) {
		const struct json_lenient_value *first,
			*statuses = json_lenient_object(
				&rest, json_lenient_root(&rest), "FileStatuses");
		json_lenient_items(&rest, statuses, "FileStatus", &first);
		result = json_lenient_check(&rest, f);
	}
	json_lenient_release(&rest);
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
	json_list_release(&reading.list);
	hdfs_reply_release(&reply);
	return result;
}

int hdfs_read_entries(
	const void *bytes, size_t size, const struct entry_taker *taker, struct fail *f)
{
	struct entry_reading reading;
	reading_open(&reading, taker);
	int result = json_list_add(&reading.list, bytes, size, f);
	if (result == 0)
		result = reading_end(&reading, f);
	json_list_release(&reading.list);
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
	struct json_lenient answer;
	int result = hdfs_ask_json(s, &operation, &reply, &answer, f);
	*found = result == 0 && !hdfs_is_missing(&reply);
	if (*found)
		result = hdfs_expect(s, &reply, f);
	if (result == 0 && *found) {
		const struct json_lenient_value *status =
			json_lenient_object(&answer, json_lenient_root(&answer), "FileStatus");
		json_lenient_need(&answer, status, "length");
		*size = (uint64_t)json_lenient_integer(&answer, status, "length");
		result = json_lenient_check(&answer, f);
	}
	json_lenient_release(&answer);
	hdfs_reply_release(&reply);
	return result;
}

int hdfs_read_checksum(struct store *s, const char *path, struct hdfs_checksum *checksum,
	bool *known, struct fail *f)
{
	struct hdfs_operation operation = {
		.method = "GET", .name = "GETFILECHECKSUM", .path = path};
	struct hdfs_reply reply;
	struct json_lenient answer = {0};
	struct fail ignored;
	*known = false;
	int result = hdfs_transfer(s, &operation, &reply, f);
	if (result == 0 && reply.http.status == 200 &&
		json_lenient_parse(&answer, text_string(&reply.http.body), reply.http.body.size,
			&ignored) == 0) {
		const struct json_lenient_value *told =
			json_lenient_object(&answer, json_lenient_root(&answer), "FileChecksum");
		char *algorithm = json_lenient_string(&answer, told, "algorithm");
		char *bytes = json_lenient_string(&answer, told, "bytes");
		*known = hdfs_checksum_parse(algorithm, bytes, checksum);
		free(algorithm);
		free(bytes);
	}
	json_lenient_release(&answer);
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
