#include "packaging/package/package_unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/stop.h"
#include "packaging/package/package_read.h"

static int write_all(int fd, const char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t written = write(fd, bytes, size);
		if (written < 0 && errno != EINTR)
			return -1;
		if (written > 0) {
			bytes += written;
			size -= (size_t)written;
		}
	}
	return 0;
}

static int copy_stream(struct package_stream *stream, int fd, struct fail *f)
{
	char buffer[65536];
	size_t got;
	do {
		if (stop_or_late(f) != 0 ||
			package_stream_read(stream, buffer, sizeof(buffer), &got, f) != 0)
			return -1;
		if (write_all(fd, buffer, got) != 0)
			return fail_errno(f, fail_output_status(errno), "write");
	} while (got > 0);
	return 0;
}

static int unpack_file(struct package_stream *stream, const char *path, struct fail *f)
{
	char *folder = file_folder(path);
	int result = file_make_directories(folder, f);
	free(folder);
	if (result != 0)
		return -1;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return fail_errno(f, fail_output_status(errno), "create");
	result = copy_stream(stream, fd, f);
	if (close(fd) != 0 && result == 0)
		result = fail_errno(f, fail_output_status(errno), "close");
	return result;
}

int package_unpack(
	const char *package, const struct manifest *manifest, const char *folder, struct fail *f)
{
	struct package_stream stream;
	if (package_open_file(package, manifest, 0, &stream, f) != 0)
		return -1;
	int result = 0;
	for (size_t i = 0; result == 0 && i < manifest->file_count; i++) {
		char *path = file_join(folder, manifest->files[i].path);
		if (i > 0)
			result = package_stream_next(&stream, manifest, i, f);
		if (result == 0)
			result = unpack_file(&stream, path, f);
		if (result != 0)
			fail_wrap(f, "%s", path);
		free(path);
	}
	package_stream_release(&stream);
	return result;
}
