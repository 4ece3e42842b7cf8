#include "base/owned_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/input.h"

static bool is_ours(const struct stat *s)
{
	return s->st_uid == geteuid() || s->st_uid == 0;
}

/* shown: what stands before the reason, "" for the file itself, which the caller names */
static int refuse(const char *path, const char *shown, const struct stat *s, struct fail *f)
{
	if (!is_ours(s)) {
		fail_set(f, STATUS_CONFIGURATION, "%sowned by user %lu, not by user %lu or root",
			shown, (unsigned long)s->st_uid, (unsigned long)geteuid());
		return fail_hint(f,
			"read it first; then chown %lu %.120s, or pass a file of your "
			"own with --config",
			(unsigned long)geteuid(), path);
	}
	fail_set(f, STATUS_CONFIGURATION, "%s%s can write to it (mode %04o)", shown,
		(s->st_mode & S_IWOTH) != 0 ? "everybody" : "its group",
		(unsigned)s->st_mode & 07777);
	return fail_hint(f, "chmod %s %.200s",
		(s->st_mode & S_IWOTH) == 0   ? "g-w"
		: (s->st_mode & S_IWGRP) == 0 ? "o-w"
					      : "go-w",
		path);
}

/* Entries of a directory can be exchanged by its owner, and by who may write to it unless the
 * sticky bit keeps the files of others. */
static int check_directory(const char *path, struct fail *f)
{
	struct stat s;
	struct statvfs system;
	if (stat(path, &s) != 0)
		return fail_errno(f, STATUS_CONFIGURATION, "%.200s", path);
	bool is_open = (s.st_mode & (S_IWGRP | S_IWOTH)) != 0 && (s.st_mode & S_ISVTX) == 0;
	if (is_ours(&s) && !is_open)
		return 0;
	if (statvfs(path, &system) == 0 && (system.f_flag & ST_RDONLY) != 0)
		return 0;
	char *shown = text_format("the directory %.200s: ", path);
	int result = refuse(path, shown, &s, f);
	free(shown);
	return result;
}

/* resolved: an absolute path without links, whose own directories are checked up to the root */
static int check_way(const char *resolved, struct fail *f)
{
	char *at = file_folder(resolved);
	int result = check_directory(at, f);
	while (result == 0 && strcmp(at, "/") != 0) {
		char *above = file_folder(at);
		free(at);
		at = above;
		result = check_directory(at, f);
	}
	free(at);
	return result;
}

/* Both the name, which may be a link, and what it leads to. */
static int check_ways(const char *path, const char *resolved, struct fail *f)
{
	char *folder = file_folder(path), *real = realpath(folder, NULL);
	char *named = real != NULL ? file_join(real, "name") : NULL;
	int result = named != NULL ? check_way(named, f)
				   : fail_errno(f, fail_input_status(errno), "%.200s", folder);
	free(named);
	free(real);
	free(folder);
	return result == 0 ? check_way(resolved, f) : -1;
}

static int read_open(int fd, const char *path, size_t max, struct text *text, struct fail *f)
{
	struct stat s;
	if (fstat(fd, &s) != 0)
		return fail_errno(f, STATUS_CONFIGURATION, "%.200s", path);
	if (S_ISREG(s.st_mode) && (!is_ours(&s) || (s.st_mode & (S_IWGRP | S_IWOTH)) != 0))
		return refuse(path, "", &s, f);
	return file_read_open(fd, path, max, text, f);
}

int owned_file_read(const char *path, size_t max, struct text *text, struct fail *f)
{
	char *resolved = realpath(path, NULL);
	int fd = -1, result = -1;
	text_clear(text);
	if (resolved == NULL)
		return input_error(path, path, f);
	if (input_open(resolved, path, &fd, f) == 0) {
		result = read_open(fd, path, max, text, f);
		if (result == 0)
			result = check_ways(path, resolved, f);
		close(fd);
	}
	free(resolved);
	return result;
}
