#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/input.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/stop.h"

#define WRITEBACK ((uint64_t)8 << 20)
#define NAMES_TRIED 16
#define NAMES_MAX ((size_t)4 << 20) /* bytes of the names in a list of files */

static int input_fail(const char *path, struct fail *f)
{
	return fail_errno(f, fail_input_status(errno), "%s", path);
}

static int output_fail(const char *path, struct fail *f)
{
	return fail_errno(f, fail_output_status(errno), "%s", path);
}

int file_read_open(int fd, const char *path, size_t max, struct text *text, struct fail *f)
{
	char buffer[16384];
	size_t got;
	do {
		if (input_read(fd, path, buffer, sizeof(buffer), &got, f) != 0)
			return -1;
		if (text->size + got > max)
			return fail_set(
				f, STATUS_UNACCEPTABLE, "%s: more than %zu bytes", path, max);
		text_add(text, buffer, got);
	} while (got > 0);
	explicit_bzero(buffer, sizeof(buffer));
	return 0;
}

int file_read(const char *path, size_t max, struct text *text, struct fail *f)
{
	int fd;
	text_clear(text);
	if (input_open(path, path, &fd, f) != 0)
		return -1;
	int result = file_read_open(fd, path, max, text, f);
	close(fd);
	return result;
}

bool file_is_there(const char *path)
{
	struct stat s;
	return stat(path, &s) == 0;
}

bool file_is_directory(const char *path)
{
	struct stat s;
	return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

bool file_is_named(const char *path)
{
	struct stat s;
	return lstat(path, &s) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

static int sync_folder(const char *path, struct fail *f)
{
	char *folder = file_folder(path);
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result = fd < 0 ? output_fail(folder, f) : 0;
	/* EINVAL: a file system that cannot sync folders (some FUSE mounts) has nothing to promise
	 */
	if (result == 0 && fsync(fd) != 0 && errno != EINVAL)
		result = output_fail(folder, f);
	if (fd >= 0)
		close(fd);
	free(folder);
	return result;
}

/* A folder is as durable as its name in the one above it. Whoever is done with an empty one removes
 * it (spool/local.h): one that was there may be gone a moment later. */
static int make_directory(const char *path, mode_t mode, struct fail *f)
{
	for (int tried = 0; tried < NAMES_TRIED; tried++) {
		if (mkdir(path, mode) == 0)
			return sync_folder(path, f);
		if (errno != EEXIST)
			break;
		if (file_is_directory(path))
			return 0;
	}
	return output_fail(path, f);
}

static int make_directories(const char *path, mode_t mode, struct fail *f)
{
	char *copy = text_copy(path);
	int result = 0;
	for (char *at = copy + (path[0] != '\0'); result == 0; at++) {
		if (*at != '/' && *at != '\0')
			continue;
		char was = *at;
		*at = '\0';
		result = make_directory(copy, mode, f);
		*at = was;
		if (was == '\0')
			break;
	}
	free(copy);
	return result;
}

int file_make_directories(const char *path, struct fail *f)
{
	return make_directories(path, 0777, f);
}

int file_make_private_directories(const char *path, struct fail *f)
{
	return make_directories(path, 0700, f);
}

int file_remove(const char *path, struct fail *f)
{
	if (unlink(path) != 0 && errno != ENOENT)
		return output_fail(path, f);
	return 0;
}

/* The new file would take the place of a device or a socket; /dev/null has been lost that way. */
static int check_replaceable(const char *path, struct fail *f)
{
	struct stat s;
	if (stat(path, &s) == 0 && !S_ISREG(s.st_mode))
		return fail_set(f, STATUS_DISK, "%s: not a regular file", path);
	return 0;
}

bool file_is_open_as(int fd, const char *path)
{
	struct stat ours, named;
	return fstat(fd, &ours) == 0 && stat(path, &named) == 0 && ours.st_ino == named.st_ino &&
	       ours.st_dev == named.st_dev;
}

/* The lock tells a living writer's file from a dead one's (file_sweep), which may have been taken
 * for dead between the two calls here. File systems without locks go without. */
static bool is_kept(struct file_writer *w)
{
	if (flock(w->fd, LOCK_EX | LOCK_NB) != 0)
		return errno != EWOULDBLOCK;
	return file_is_open_as(w->fd, w->temporary);
}

/* The process number alone is not enough: two containers that share a folder may both be 1. */
static bool open_temporary(struct file_writer *w)
{
	for (int tried = 0; tried < NAMES_TRIED; tried++) {
		w->temporary = text_format(
			"%s.%ld-%08x.tmp", w->path, (long)getpid(), random_below(UINT32_MAX));
		w->fd = open(w->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
			w->is_private ? 0600 : 0666);
		if (w->fd < 0 || is_kept(w))
			break;
		unlink(w->temporary);
		close(w->fd);
		free(w->temporary);
		w->temporary = NULL;
		w->fd = -1;
		errno = EAGAIN;
	}
	return w->fd >= 0;
}

int file_create(const char *path, struct file_writer *w, struct fail *f)
{
	return file_create_for(path, false, w, f);
}

int file_create_for(const char *path, bool is_private, struct file_writer *w, struct fail *f)
{
	*w = (struct file_writer){.is_private = is_private};
	if (check_replaceable(path, f) != 0)
		return -1;
	w->path = text_copy(path);
	if (open_temporary(w))
		return 0;
	int result = output_fail(w->path, f); /* the name that the caller knows */
	free(w->path);
	free(w->temporary);
	*w = (struct file_writer){0};
	return result;
}

/* The disk begins while there is more to come: the fsync at the end has little to wait for then. */
static void begin_writeback(const struct file_writer *w, size_t more)
{
	uint64_t from = w->size / WRITEBACK, to = (w->size + more) / WRITEBACK;
	if (to > from)
		sync_file_range(w->fd, (off_t)(from * WRITEBACK), (off_t)((to - from) * WRITEBACK),
			SYNC_FILE_RANGE_WRITE);
}

int file_write(struct file_writer *w, const void *bytes, size_t size, struct fail *f)
{
	const char *at = bytes;
	while (size > 0) {
		ssize_t count = write(w->fd, at, size);
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return output_fail(w->path, f);
		at += count;
		size -= (size_t)count;
		begin_writeback(w, (size_t)count);
		w->size += (uint64_t)count;
	}
	return 0;
}

static int file_commit(struct file_writer *w, struct fail *f)
{
	if (fsync(w->fd) != 0)
		return output_fail(w->path, f);
	int closed = close(w->fd);
	w->fd = -1;
	if (closed != 0)
		return output_fail(w->path, f);
	if (rename(w->temporary, w->path) != 0)
		return output_fail(w->path, f);
	free(w->temporary);
	w->temporary = NULL;
	return sync_folder(w->path, f);
}

int file_finish(struct file_writer *w, struct fail *f)
{
	int result = file_commit(w, f);
	file_discard(w);
	return result;
}

void file_discard(struct file_writer *w)
{
	if (w->path == NULL)
		return;
	if (w->fd >= 0)
		close(w->fd);
	if (w->temporary != NULL)
		unlink(w->temporary);
	free(w->temporary);
	free(w->path);
	*w = (struct file_writer){0};
}

static int store_for(
	const char *path, bool is_private, const void *bytes, size_t size, struct fail *f)
{
	struct file_writer w;
	if (file_create_for(path, is_private, &w, f) != 0)
		return -1;
	if (file_write(&w, bytes, size, f) != 0) {
		file_discard(&w);
		return -1;
	}
	return file_finish(&w, f);
}

int file_store(const char *path, const void *bytes, size_t size, struct fail *f)
{
	return store_for(path, false, bytes, size, f);
}

int file_store_private(const char *path, const void *bytes, size_t size, struct fail *f)
{
	return store_for(path, true, bytes, size, f);
}

/* The next entry but "." and "..", or NULL at the end; errno tells an error from the end. */
static const struct dirent *next_entry(DIR *dir)
{
	const struct dirent *entry;
	do {
		errno = 0;
		entry = readdir(dir);
	} while (entry != NULL &&
		 (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0));
	return entry;
}

/* ".4711-0123abcd.tmp" at the end, as open_temporary makes it; what stands before it */
static const char *temporary_end(const char *name)
{
	size_t size = strlen(name), hex = sizeof("-0123abcd.tmp") - 1;
	const char *end = size > hex ? name + size - hex : NULL;
	if (end == NULL || end[0] != '-' || strspn(end + 1, "0123456789abcdef") != 8 ||
		!text_ends_with(end, ".tmp"))
		return NULL;
	const char *dot = end;
	while (dot > name && dot[-1] >= '0' && dot[-1] <= '9')
		dot--;
	return dot < end && dot > name + 1 && dot[-1] == '.' ? dot - 1 : NULL;
}

bool file_is_temporary(const char *name)
{
	return temporary_end(name) != NULL;
}

static bool is_temporary_of(const char *entry, const char *name)
{
	const char *end = temporary_end(entry);
	return end != NULL && (size_t)(end - entry) == strlen(name) &&
	       text_starts_with(entry, name);
}

void file_remove_leftovers(const char *path)
{
	char *folder = file_folder(path);
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	while (dir != NULL && (entry = next_entry(dir)) != NULL) {
		if (!is_temporary_of(entry->d_name, name))
			continue;
		char *leftover = file_join(folder, entry->d_name);
		unlink(leftover);
		free(leftover);
	}
	if (dir != NULL)
		closedir(dir);
	free(folder);
}

static int sweep_one(const char *path, const struct stat *about, int kind, struct FTW *at)
{
	(void)about;
	if (kind != FTW_F || !file_is_temporary(path + at->base))
		return 0;
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return 0;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		unlink(path);
	close(fd);
	return 0;
}

void file_sweep(const char *folder)
{
	nftw(folder, sweep_one, 16, FTW_PHYS);
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *at)
{
	(void)about;
	(void)kind;
	(void)at;
	return remove(path) == 0 || errno == ENOENT ? 0 : -1;
}

int file_remove_all(const char *path, struct fail *f)
{
	if (nftw(path, remove_one, 16, FTW_PHYS | FTW_DEPTH) != 0 && errno != ENOENT)
		return output_fail(path, f);
	return 0;
}

/* Where path leads, or the part of it that is there; NULL: nowhere. The caller frees it. */
static char *resolve(const char *path)
{
	char *part = text_copy(path), *resolved = realpath(part, NULL), *slash;
	while (resolved == NULL && errno == ENOENT && (slash = strrchr(part, '/')) != NULL &&
		slash != part) {
		*slash = '\0';
		resolved = realpath(part, NULL);
	}
	free(part);
	return resolved;
}

bool file_is_inside(const char *folder, const char *path)
{
	char *outer = realpath(folder, NULL);
	bool missing = outer == NULL && errno == ENOENT;
	char *inner = resolve(path);
	size_t size = outer != NULL ? strlen(outer) : 0;
	bool inside = outer != NULL && inner != NULL && strncmp(inner, outer, size) == 0 &&
		      (inner[size] == '/' || inner[size] == '\0' || size == 1);
	free(outer);
	free(inner);
	return inside || missing;
}

/* One walk: the folder it started in, the bound, and what it found. */
struct walk {
	const char *folder;
	size_t max;
	struct file_list *list;
};

static int walk_folder(struct walk *walk, const char *below, int depth, struct fail *f);

int file_list_add(
	struct file_list *list, const char *path, const struct stat *about, struct fail *f)
{
	list->name_bytes += strlen(path);
	if (stop_or_late(f) != 0)
		return -1;
	if (list->name_bytes > NAMES_MAX)
		return fail_set(f, STATUS_UNACCEPTABLE,
			"the names of its files are longer than %zu MiB", NAMES_MAX >> 20);
	if (list->count % 64 == 0)
		list->entries =
			memory_grow(list->entries, list->count + 64, sizeof(*list->entries));
	list->entries[list->count++] = (struct file_entry){.path = text_copy(path),
		.size = (uint64_t)about->st_size,
		.device = about->st_dev,
		.inode = about->st_ino};
	return 0;
}

static int add_file(struct walk *walk, const char *path, const struct stat *about, struct fail *f)
{
	if (walk->list->count >= walk->max)
		return fail_set(
			f, STATUS_UNACCEPTABLE, "%s: more than %zu files", walk->folder, walk->max);
	return file_list_add(walk->list, path, about, f) == 0 ? 0
							      : fail_wrap(f, "%s", walk->folder);
}

static int add_path(struct walk *walk, const char *path, int depth, struct fail *f)
{
	struct stat itself, target;
	char *full = file_join(walk->folder, path);
	int result;
	if (lstat(full, &itself) != 0 && errno == ENOENT && file_is_temporary(path))
		result = 0; /* its writer finished it meanwhile */
	else if (lstat(full, &itself) != 0 || stat(full, &target) != 0)
		result = input_fail(full, f);
	else if (S_ISDIR(itself.st_mode))
		result = walk_folder(walk, path, depth + 1, f);
	else if (S_ISREG(target.st_mode))
		result = add_file(walk, path, &target, f);
	else
		result = fail_set(f, STATUS_UNACCEPTABLE, "%s: not a regular file", full);
	free(full);
	return result;
}

static int walk_entries(struct walk *walk, const char *below, DIR *dir, int depth, struct fail *f)
{
	const struct dirent *entry;
	while ((entry = next_entry(dir)) != NULL) {
		char *path = file_join(below, entry->d_name);
		int result = add_path(walk, path, depth, f);
		free(path);
		if (result != 0)
			return -1;
	}
	return errno != 0 ? input_fail(walk->folder, f) : 0;
}

static int walk_folder(struct walk *walk, const char *below, int depth, struct fail *f)
{
	char *full = below[0] != '\0' ? file_join(walk->folder, below) : text_copy(walk->folder);
	DIR *dir = depth < 32 ? opendir(full) : NULL;
	int result;
	if (depth >= 32)
		result = fail_set(f, STATUS_UNACCEPTABLE, "%s: folders nested too deeply", full);
	else if (dir == NULL)
		result = input_fail(full, f);
	else
		result = walk_entries(walk, below, dir, depth, f);
	if (dir != NULL)
		closedir(dir);
	free(full);
	return result;
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(((const struct file_entry *)a)->path, ((const struct file_entry *)b)->path);
}

void file_list_sort(struct file_list *list)
{
	if (list->count > 0)
		qsort(list->entries, list->count, sizeof(*list->entries), compare_paths);
}

int file_list_read(const char *folder, size_t max, struct file_list *list, struct fail *f)
{
	struct walk walk = {.folder = folder, .max = max, .list = list};
	*list = (struct file_list){0};
	if (walk_folder(&walk, "", 0, f) != 0) {
		file_list_release(list);
		return -1;
	}
	file_list_sort(list);
	return 0;
}

void file_list_release(struct file_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->entries[i].path);
	free(list->entries);
	*list = (struct file_list){0};
}

char *file_join(const char *folder, const char *name)
{
	if (name[0] == '/' || folder[0] == '\0')
		return text_copy(name);
	return text_format("%s%s%s", folder, text_ends_with(folder, "/") ? "" : "/", name);
}

char *file_absolute(const char *path)
{
	char *here = path[0] != '/' ? getcwd(NULL, 0) : NULL;
	if (here == NULL) /* absolute; or the working directory is gone, and nothing is better */
		return text_copy(path);
	while (text_starts_with(path, "./"))
		for (path++; *path == '/';)
			path++;
	char *absolute = text_equal(path, ".") ? text_copy(here) : file_join(here, path);
	free(here);
	return absolute;
}

char *file_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	if (slash == NULL)
		return text_copy(".");
	if (slash == path)
		return text_copy("/");
	char *folder = text_copy(path);
	folder[slash - path] = '\0';
	return folder;
}
