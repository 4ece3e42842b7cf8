#include "upload/file.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/input.h"
#include "base/memory.h"
#include "base/stop.h"
#include "base/text.h"
#include "packaging/digest/sha256.h"
#include "upload/intake.h"
#include "upload/transfer.h"

#define CHUNK ((size_t)256 << 10)

/* Exactly size bytes, or what is left of them. */
static int read_bytes(int fd, void *buffer, size_t size, size_t *got, struct fail *f)
{
	*got = 0;
	while (*got < size) {
		size_t count;
		if (input_read(fd, "reading it", (char *)buffer + *got, size - *got, &count, f) !=
			0)
			return -1;
		if (count == 0)
			return 0;
		*got += count;
	}
	return stop_or_late(f);
}

static int digest_of(int fd, char sha256[SHA256_HEX], uint64_t *size, struct fail *f)
{
	struct sha256 sha = {0};
	char *buffer = memory_get(CHUNK, 1);
	size_t got = 0;
	int result;
	sha256_init(&sha);
	*size = 0;
	do {
		result = read_bytes(fd, buffer, CHUNK, &got, f);
		sha256_add(&sha, buffer, got);
		*size += got;
	} while (result == 0 && got > 0);
	sha256_finish(&sha, sha256);
	free(buffer);
	return result;
}

/* The file as a stream, for a store that takes it in one. */
static int stream_read(void *context, void *buffer, size_t size, size_t *got, struct fail *f)
{
	return read_bytes(*(int *)context, buffer, size, got, f);
}

static int stream_rewind(void *context, struct fail *f)
{
	if (lseek(*(int *)context, 0, SEEK_SET) == 0)
		return 0;
	return fail_errno(f, STATUS_MISSING, "reading it again");
}

static int send_whole(
	struct store *store, int fd, const struct store_content *content, struct fail *f)
{
	struct http_body body = {.size = content->size,
		.read = stream_read,
		.rewind = stream_rewind,
		.context = &fd};
	bool verified;
	if (stream_rewind(&fd, f) != 0 || store_put(store, content, &body, &verified, f) != 0)
		return -1;
	return verified ? 0 : transfer_verify(store, content, f);
}

static int feed(struct intake *intake, int fd, uint64_t size, struct fail *f)
{
	char *buffer = memory_get(CHUNK, 1);
	uint64_t left = size;
	int result = stream_rewind(&fd, f);
	while (result == 0 && left > 0) {
		size_t got, wanted = left < CHUNK ? (size_t)left : CHUNK;
		result = read_bytes(fd, buffer, wanted, &got, f);
		if (result == 0 && got < wanted)
			result = fail_set(f, STATUS_UNACCEPTABLE, "it is shorter than it was");
		if (result == 0)
			result = intake_next(intake, buffer, got, NULL, f);
		left -= wanted;
	}
	free(buffer);
	return result == 0 ? intake_end(intake, NULL, f) : -1;
}

static int send_parts(struct transfers *d, struct transfer_object *object, int fd,
	const struct store_content *content, struct fail *f)
{
	struct intake intake = {0};
	struct transfer_small small = {.content = *content};
	intake_begin(&intake, d, &small, object);
	int result = feed(&intake, fd, content->size, f);
	intake_drop(&intake);
	return result == 0 ? transfers_wait(d, f) : -1;
}

static int send_large(
	struct store *store, int fd, const struct store_content *content, struct fail *f)
{
	struct transfers transfers;
	struct transfer_begun begun = {0};
	transfers_open(&transfers, store, content->size);
	transfers_show(&transfers, content->size);
	int result = transfer_begin(&transfers, content, &begun, f);
	if (result == 0)
		result = transfer_wait_begun(&transfers, &begun, NULL, f);
	if (result == 0 && begun.object != NULL)
		result = send_parts(&transfers, begun.object, fd, content, f);
	transfers_release(&transfers, result == 0 ? NULL : f);
	return result == 0 && begun.object == NULL ? send_whole(store, fd, content, f) : result;
}

static int send_open(struct store *store, int fd, const char *path, uint64_t *sent, struct fail *f)
{
	char sha256[SHA256_HEX];
	struct store_content content = {.path = path, .sha256 = sha256};
	enum store_has has;
	*sent = 0;
	if (digest_of(fd, sha256, &content.size, f) != 0 ||
		store_has_content(store, &content, &has, f) != 0)
		return -1;
	if (has == STORE_HAS_SAME)
		return 0;
	*sent = content.size;
	bool large = content.size > transfer_part_size(store, content.size);
	if (large && store->kind->begin != NULL)
		return send_large(store, fd, &content, f);
	return send_whole(store, fd, &content, f);
}

int file_upload(
	struct store *store, const char *local, const char *path, uint64_t *sent, struct fail *f)
{
	int fd;
	if (input_open(local, local, &fd, f) != 0)
		return -1;
	int result = send_open(store, fd, path, sent, f);
	close(fd);
	return result;
}

static int sink_write(void *context, const void *bytes, size_t size, struct fail *f)
{
	if (file_write(context, bytes, size, f) != 0)
		return -1;
	return stop_or_late(f);
}

static int sink_restart(void *context, struct fail *f)
{
	struct file_writer *w = context;
	char *path = text_copy(w->path);
	file_discard(w);
	int result = file_create(path, w, f);
	free(path);
	return result;
}

int file_download(
	struct store *store, const char *path, const char *local, bool *found, struct fail *f)
{
	struct file_writer w = {0};
	struct http_sink sink = {sink_write, sink_restart, &w};
	*found = false;
	if (file_create(local, &w, f) != 0)
		return -1;
	int result = store_get(store, path, &sink, found, f);
	if (result == 0 && *found)
		return file_finish(&w, f);
	file_discard(&w);
	return result;
}
