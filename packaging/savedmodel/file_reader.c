#include "packaging/savedmodel/file_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/stop.h"

#define BUFFER_SIZE ((size_t)256 << 10)

static int read_fail(const char *path, struct fail *f)
{
	char escaped[256];
	return fail_errno(f, fail_input_status(errno), "%s",
		escape_into(escaped, sizeof(escaped), path, strlen(path)));
}

int file_reader_open(struct file_reader *reader, const struct tree *tree, const char *path,
	struct progress *progress, struct fail *f)
{
	int fd;
	if (tree_open_file(tree, path, &fd, f) != 0)
		return -1;
	*reader = (struct file_reader){
		.path = file_join(tree->path, path), .fd = fd, .progress = progress};
	posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	reader->buffer = memory_get(BUFFER_SIZE, 1);
	sha256_init(&reader->sha);
	file_mac_init(&reader->mac);
	return 0;
}

void file_reader_of_memory(struct file_reader *reader, const void *bytes, size_t size)
{
	*reader = (struct file_reader){.bytes = bytes, .left = size};
	sha256_init(&reader->sha);
	file_mac_init(&reader->mac);
	sha256_add(&reader->sha, bytes, size);
	file_mac_add(&reader->mac, bytes, size);
}

void file_reader_tap(struct file_reader *reader, file_reader_taker *tap, void *context)
{
	reader->tap = tap;
	reader->context = context;
	if (reader->left > 0)
		tap(context, reader->bytes, reader->left);
}

static int file_reader_fill(struct file_reader *reader, struct fail *f)
{
	if (stop_or_late(f) != 0)
		return -1;
	if (reader->dropped != NULL && atomic_load(reader->dropped))
		return fail_set(f, STATUS_LATER, "not asked for any more");
	ssize_t count;
	do {
		count = read(reader->fd, reader->buffer, BUFFER_SIZE);
	} while (count < 0 && errno == EINTR);
	if (count < 0)
		return read_fail(reader->path, f);
	reader->bytes = reader->buffer;
	reader->left = (size_t)count;
	sha256_add(&reader->sha, reader->buffer, reader->left);
	file_mac_add(&reader->mac, reader->buffer, reader->left);
	if (reader->tap != NULL)
		reader->tap(reader->context, reader->buffer, reader->left);
	if (reader->progress != NULL)
		progress_add(reader->progress, reader->left);
	return 0;
}

size_t reader_peek(const struct file_reader *reader, void *bytes, size_t size)
{
	ssize_t count = pread(reader->fd, bytes, size, 0);
	return count > 0 ? (size_t)count : 0;
}

int file_reader_lend(
	struct file_reader *reader, size_t max, const uint8_t **bytes, size_t *size, struct fail *f)
{
	if (reader->left == 0 && reader->path != NULL && file_reader_fill(reader, f) != 0)
		return -1;
	*size = reader->left < max ? reader->left : max;
	*bytes = reader->bytes;
	reader->bytes += *size;
	reader->left -= *size;
	reader->offset += *size;
	return 0;
}

int file_reader_copy(
	struct file_reader *reader, void *out, size_t size, size_t *got, struct fail *f)
{
	*got = 0;
	while (*got < size) {
		const uint8_t *bytes;
		size_t count;
		if (file_reader_lend(reader, size - *got, &bytes, &count, f) != 0)
			return -1;
		if (count == 0)
			return 0;
		memcpy((uint8_t *)out + *got, bytes, count);
		*got += count;
	}
	return 0;
}

int file_reader_finish(struct file_reader *reader, char sha256[SHA256_HEX],
	uint8_t mac[FILE_MAC_BYTES], struct fail *f)
{
	const uint8_t *bytes;
	size_t size;
	do {
		if (file_reader_lend(reader, SIZE_MAX, &bytes, &size, f) != 0)
			return -1;
	} while (size > 0);
	sha256_finish(&reader->sha, sha256);
	file_mac_finish(&reader->mac, mac);
	return 0;
}

void file_reader_release(struct file_reader *reader)
{
	if (reader->path != NULL)
		close(reader->fd);
	sha256_release(&reader->sha);
	file_mac_release(&reader->mac);
	free(reader->buffer);
	free(reader->path);
	*reader = (struct file_reader){0};
}
