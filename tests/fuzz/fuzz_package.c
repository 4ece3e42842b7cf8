/* fuzz_package - a package from anyone's disk: the bytes as they are, and the same as the tar
 * archive inside a gzip stream that is right, since a fuzzer does not find checksums by itself. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "base/fail.h"
#include "base/memory.h"
#include "base/panic.h"
#include "packaging/package/manifest.h"
#include "packaging/package/package_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void store(int fd, const void *bytes, size_t size)
{
	INVARIANT(ftruncate(fd, 0) == 0);
	INVARIANT(pwrite(fd, bytes, size, 0) == (ssize_t)size);
}

static void store_compressed(int fd, const uint8_t *data, size_t size)
{
	z_stream stream = {.next_in = (Bytef *)data, .avail_in = (uInt)size};
	INVARIANT(deflateInit2(&stream, 1, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) ==
		  Z_OK);
	size_t room = deflateBound(&stream, (uLong)size);
	uint8_t *out = memory_get(room, 1);
	stream.next_out = out;
	stream.avail_out = (uInt)room;
	INVARIANT(deflate(&stream, Z_FINISH) == Z_STREAM_END);
	store(fd, out, room - stream.avail_out);
	deflateEnd(&stream);
	free(out);
}

static void read_package(const char *path)
{
	struct manifest manifest;
	struct fail f = {0};
	if (package_read(path, NULL, &manifest, &f) == 0)
		manifest_release(&manifest);
	else
		INVARIANT(f.status == STATUS_UNACCEPTABLE && f.text[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	static char path[64];
	if (fd < 0) {
		fd = memfd_create("package", MFD_CLOEXEC);
		INVARIANT(fd >= 0);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	store(fd, data, size);
	read_package(path);
	store_compressed(fd, data, size);
	read_package(path);
	return 0;
}
