#include "base/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/stop.h"

static bool is_readable(const struct stat *s)
{
	return S_ISREG(s->st_mode) || (S_ISCHR(s->st_mode) && s->st_rdev == makedev(1, 3));
}

static int refuse(const char *what, bool is_folder, struct fail *f)
{
	errno = EISDIR;
	return is_folder ? fail_errno(f, STATUS_UNACCEPTABLE, "%.200s", what)
			 : fail_set(f, STATUS_UNACCEPTABLE, "%.200s: not a regular file", what);
}

int input_error(const char *path, const char *what, struct fail *f)
{
	int os = errno;
	fail_errno(f, fail_input_status(os), "%.200s", what);
	char *here = f->status == STATUS_MISSING && path[0] != '/' ? getcwd(NULL, 0) : NULL;
	if (here != NULL)
		fail_hint(f, "the path is relative to the working directory, %s", here);
	free(here);
	return -1;
}

int input_open(const char *path, const char *what, int *fd, struct fail *f)
{
	struct stat s = {0};
	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	/* ENXIO: a socket, or a device without a driver */
	if (*fd < 0 && errno != ENXIO)
		return input_error(path, what, f);
	if (*fd >= 0 && fstat(*fd, &s) == 0 && is_readable(&s))
		return 0;
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	return refuse(what, S_ISDIR(s.st_mode), f);
}

int input_read(int fd, const char *what, void *buffer, size_t size, size_t *got, struct fail *f)
{
	ssize_t count;
	do {
		count = read(fd, buffer, size);
		if (count < 0 && errno == EINTR && stop_check(f) != 0)
			return -1;
	} while (count < 0 && errno == EINTR);
	if (count < 0)
		return fail_errno(f, fail_input_status(errno), "%.200s", what);
	*got = (size_t)count;
	return 0;
}
