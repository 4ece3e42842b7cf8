#include "base/file_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

#define HOLDER_MAX 200

static int cannot_open(const char *path, struct fail *f)
{
	struct stat s;
	int os = errno;
	if (os == EACCES && lstat(path, &s) == 0 && s.st_uid != geteuid())
		return fail_set(f, STATUS_DENIED, "%.200s: a lock of user %lu", path,
			(unsigned long)s.st_uid);
	errno = os;
	return fail_errno(f, fail_output_status(os), "%s", path);
}

static bool is_file(int fd)
{
	struct stat s;
	return fstat(fd, &s) == 0 && S_ISREG(s.st_mode);
}

/* For people alone: that nothing can be written changes nothing. */
static void sign(int fd)
{
	char host[65] = "";
	gethostname(host, sizeof(host) - 1);
	char *line = text_format("process %ld on %s\n", (long)getpid(), host);
	if (ftruncate(fd, 0) != 0 || pwrite(fd, line, strlen(line), 0) < 0)
		errno = 0;
	free(line);
}

/* ENOLCK and the like: a file system without locks is not somebody who holds it. */
static int lock_open(int fd, const char *path, bool *taken, struct fail *f)
{
	if (!is_file(fd))
		return fail_set(f, STATUS_DISK, "%.200s: not a regular file", path);
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		*taken = file_is_open_as(fd, path);
	else if (errno != EWOULDBLOCK)
		return fail_errno(f, fail_output_status(errno), "%s", path);
	return 0;
}

int file_lock_take(const char *path, struct file_lock *lock, bool *taken, struct fail *f)
{
	*taken = false;
	*lock = (struct file_lock){0};
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (fd < 0)
		return cannot_open(path, f);
	int result = lock_open(fd, path, taken, f);
	if (!*taken) {
		close(fd);
		return result;
	}
	sign(fd);
	*lock = (struct file_lock){.fd = fd, .path = text_copy(path)};
	return 0;
}

void file_lock_release(struct file_lock *lock)
{
	if (lock->path == NULL)
		return;
	unlink(lock->path);
	close(lock->fd);
	free(lock->path);
	*lock = (struct file_lock){0};
}

char *file_lock_holder(const char *path)
{
	struct text text = {0};
	struct fail ignored;
	if (file_read(path, HOLDER_MAX, &text, &ignored) != 0 || text.size == 0) {
		text_release(&text);
		return text_copy("another process");
	}
	char *holder = text_trimmed(text.data, text.size);
	text_release(&text);
	return holder;
}
