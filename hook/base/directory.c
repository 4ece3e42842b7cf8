#include "base/directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"

static int output_fail(const char *path, struct fail *f)
{
	return fail_errno(f, fail_output_status(errno), "%s", path);
}

/* EINVAL: a file system that cannot sync directories (some FUSE mounts) has nothing to promise. */
static int sync_path(const char *path, bool directory)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return -1;
	int result = fsync(fd) == 0 || (directory && errno == EINVAL) ? 0 : -1;
	int os = errno;
	close(fd);
	errno = os;
	return result;
}

static int sync_one(const char *path, const struct stat *about, int kind, struct FTW *at)
{
	(void)about;
	(void)at;
	return kind == FTW_F || kind == FTW_DP ? sync_path(path, kind == FTW_DP) : 0;
}

/* Some file systems (NFS) know no rename that keeps what is there. Who publishes holds a lock, so
 * that nothing comes between the question and the rename. */
static int rename_new(const char *from, const char *to)
{
	if (syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (file_is_named(to)) {
		errno = EEXIST;
		return -1;
	}
	return rename(from, to);
}

static int sync_parent(const char *path, struct fail *f)
{
	char *parent = file_folder(path);
	int result = sync_path(parent, true) == 0 ? 0 : output_fail(parent, f);
	free(parent);
	return result;
}

int directory_publish(const char *from, const char *to, struct fail *f)
{
	if (nftw(from, sync_one, 16, FTW_PHYS | FTW_DEPTH) != 0)
		return output_fail(from, f);
	if (rename_new(from, to) != 0)
		return output_fail(to, f);
	return sync_parent(to, f);
}

int directory_retire(const char *path, const char *hidden, struct fail *f)
{
	if (file_remove_all(hidden, f) != 0)
		return -1;
	if (rename(path, hidden) != 0)
		return errno == ENOENT ? 0 : output_fail(path, f);
	return sync_parent(path, f) == 0 ? file_remove_all(hidden, f) : -1;
}

int directory_names(
	const char *path, directory_name_function *function, void *context, struct fail *f)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	int result = 0;
	if (dir == NULL)
		return fail_errno(f, fail_input_status(errno), "%s", path);
	while (result == 0 && (errno = 0, entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			result = function(context, entry->d_name, f);
	if (result == 0 && errno != 0)
		result = fail_errno(f, fail_input_status(errno), "%s", path);
	closedir(dir);
	return result;
}
