#include "base/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/text.h"

#define DEPTH_MAX 32
#define LINKS_MAX 100 /* to directories */
#define OPEN_DIRECTORY (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define OPEN_FILE (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

static int refuse(const char *path, const char *why, struct fail *f)
{
	return fail_set(f, STATUS_UNACCEPTABLE, "%.200s: %s", path, why);
}

/* errno of a call that named path. A link where a file or a directory was a moment ago. */
static int open_fail(const char *path, struct fail *f)
{
	if (errno == ELOOP)
		return refuse(path, "replaced by a link while it was opened", f);
	return fail_errno(f, fail_input_status(errno), "%.200s", path);
}

static bool is_same(const struct stat *one, const struct stat *other)
{
	return one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}

int tree_open(const char *path, struct tree *tree, struct fail *f)
{
	struct stat opened, real;
	*tree = (struct tree){0};
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail_errno(f, fail_input_status(errno), "cannot be opened");
	*tree = (struct tree){.fd = fd, .path = text_copy(path), .real = realpath(path, NULL)};
	int result = 0;
	if (tree->real == NULL || fstat(fd, &opened) != 0 || stat(tree->real, &real) != 0)
		result = fail_errno(f, fail_input_status(errno), "cannot be opened");
	else if (!is_same(&opened, &real))
		result = fail_set(f, STATUS_UNACCEPTABLE, "replaced while it was opened");
	if (result != 0)
		tree_release(tree);
	return result;
}

void tree_release(struct tree *tree)
{
	if (tree->path != NULL)
		close(tree->fd);
	free(tree->path);
	free(tree->real);
	*tree = (struct tree){0};
}

/* The directory of the last name of a path without links, and that name. -1 with errno. */
static int open_parent(const struct tree *tree, const char *path, const char **name)
{
	int fd = fcntl(tree->fd, F_DUPFD_CLOEXEC, 0);
	const char *slash;
	for (*name = path; fd >= 0 && (slash = strchr(*name, '/')) != NULL; *name = slash + 1) {
		char *part = text_format("%.*s", (int)(slash - *name), *name);
		int next = openat(fd, part, OPEN_DIRECTORY | O_PATH);
		int os = errno;
		free(part);
		close(fd);
		fd = next;
		errno = os;
	}
	return fd;
}

/* What has a path: an open file, or an open directory. */
struct found {
	int fd;
	bool is_directory;
	bool is_link; /* reached by one */
};

static int kind_of(const struct stat *s, struct found *found)
{
	found->is_directory = S_ISDIR(s->st_mode);
	if (S_ISLNK(s->st_mode))
		return ELOOP;
	return S_ISREG(s->st_mode) || found->is_directory ? 0 : ENOTSUP;
}

/* A device is looked at before it is opened, since opening may do things to it. Returns errno, and
 * ENOTSUP for what is neither file nor directory. */
static int open_last(int parent, const char *name, struct found *found)
{
	struct stat s;
	if (fstatat(parent, name, &s, AT_SYMLINK_NOFOLLOW) != 0)
		return errno;
	int os = kind_of(&s, found);
	if (os != 0)
		return os;
	found->fd = openat(parent, name, found->is_directory ? OPEN_DIRECTORY : OPEN_FILE);
	if (found->fd < 0)
		return errno;
	os = fstat(found->fd, &s) != 0 ? errno : kind_of(&s, found);
	if (os != 0) /* swapped meanwhile */
		close(found->fd);
	return os;
}

/* By a path without links. Returns errno. */
static int open_plain(const struct tree *tree, const char *path, struct found *found)
{
	const char *name;
	int parent = open_parent(tree, path, &name);
	if (parent < 0)
		return errno;
	int os = open_last(parent, name, found);
	close(parent);
	return os;
}

static int resolve_fail(const char *path, struct fail *f)
{
	if (errno == ELOOP)
		return refuse(path, "a link that leads to itself", f);
	if (errno != ENOENT)
		return open_fail(path, f);
	fail_set(f, STATUS_MISSING, "%.200s: a link to what does not exist", path);
	return fail_hint(f, "if the file is kept by git-annex or DVC, fetch its content first");
}

static int refuse_outside(const char *path, const char *real, struct fail *f)
{
	fail_set(f, STATUS_UNACCEPTABLE,
		"%.200s: a link that leads out of the directory, to %.200s", path, real);
	return fail_hint(f, "replace the link with a copy of what it leads to: cp -rL does that");
}

/* Where a path leads, relative to the directory ("" is itself); the caller frees it. */
static int resolve(const struct tree *tree, const char *path, char **inside, struct fail *f)
{
	char *full = file_join(tree->real, path);
	char *real = realpath(full, NULL);
	size_t size = strlen(tree->real);
	int result = 0;
	if (real == NULL)
		result = resolve_fail(path, f);
	else if (strcmp(real, tree->real) == 0)
		*inside = text_copy("");
	else if (size == 1 || (text_starts_with(real, tree->real) && real[size] == '/'))
		*inside = text_copy(real + (size == 1 ? 1 : size + 1));
	else
		result = refuse_outside(path, real, f);
	free(real);
	free(full);
	return result;
}

static int open_inside(const struct tree *tree, const char *inside, struct found *found)
{
	if (inside[0] != '\0')
		return open_plain(tree, inside, found);
	found->is_directory = true;
	found->fd = fcntl(tree->fd, F_DUPFD_CLOEXEC, 0);
	return found->fd < 0 ? errno : 0;
}

/* What has that path: a file or a directory, through links where there are some. */
static int open_any(const struct tree *tree, const char *path, struct found *found, struct fail *f)
{
	*found = (struct found){0};
	int os = open_plain(tree, path, found);
	if (os == ELOOP || os == ENOTDIR) { /* ENOTDIR: a link where a directory is wanted */
		char *inside = NULL;
		if (resolve(tree, path, &inside, f) != 0)
			return -1;
		os = open_inside(tree, inside, found);
		found->is_link = true;
		free(inside);
	}
	if (os == ENOTSUP)
		return refuse(path, "not a regular file", f);
	errno = os;
	return os != 0 ? open_fail(path, f) : 0;
}

int tree_open_file(const struct tree *tree, const char *path, int *fd, struct fail *f)
{
	struct found found;
	if (open_any(tree, path, &found, f) != 0)
		return -1;
	*fd = found.fd;
	if (!found.is_directory)
		return 0;
	close(found.fd);
	return refuse(path, "a directory where a file was", f);
}

/* One walk: its bound, what it found, and the directories that it is in. */
struct walk {
	const struct tree *tree;
	size_t max;
	size_t seen;
	size_t links; /* to directories */
	struct file_list *list;
	struct stat above[DEPTH_MAX];
	size_t depth;
};

static int walk_directory(struct walk *walk, const char *path, int fd, struct fail *f);

/* Links among a few directories make more paths than anybody can walk. */
static int count_path(struct walk *walk, const struct found *found, struct fail *f)
{
	if (++walk->seen > walk->max)
		return fail_set(
			f, STATUS_UNACCEPTABLE, "more than %zu files and directories", walk->max);
	if (found->is_directory && found->is_link && ++walk->links > LINKS_MAX)
		return fail_set(
			f, STATUS_UNACCEPTABLE, "more than %d links to directories", LINKS_MAX);
	return 0;
}

static int add_path(struct walk *walk, const char *path, struct fail *f)
{
	struct found found;
	struct stat s;
	if (open_any(walk->tree, path, &found, f) != 0)
		return -1;
	int result = count_path(walk, &found, f);
	if (result == 0 && found.is_directory)
		return walk_directory(walk, path, found.fd, f);
	if (result == 0 && fstat(found.fd, &s) != 0)
		result = open_fail(path, f);
	if (result == 0)
		result = file_list_add(walk->list, path, &s, f);
	close(found.fd);
	return result;
}

static bool is_kubernetes_volume(DIR *dir)
{
	struct stat s;
	return fstatat(dirfd(dir), "..data", &s, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(s.st_mode);
}

static int walk_entries(struct walk *walk, const char *below, DIR *dir, struct fail *f)
{
	bool is_volume = is_kubernetes_volume(dir);
	const struct dirent *entry;
	while ((errno = 0, entry = readdir(dir)) != NULL) {
		const char *name = entry->d_name;
		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
			(is_volume && text_starts_with(name, "..")))
			continue;
		char *path = file_join(below, name);
		int result = add_path(walk, path, f);
		free(path);
		if (result != 0)
			return -1;
	}
	return errno != 0 ? open_fail(below, f) : 0;
}

/* The directory that fd is open on would be walked without end if the walk is in it already. */
static int enter(struct walk *walk, const char *path, int fd, struct fail *f)
{
	struct stat s;
	if (walk->depth == DEPTH_MAX)
		return refuse(path, "folders nested too deeply", f);
	if (fstat(fd, &s) != 0)
		return open_fail(path, f);
	for (size_t i = 0; i < walk->depth; i++)
		if (is_same(&walk->above[i], &s))
			return refuse(
				path, "a link that leads back to a directory that it is in", f);
	walk->above[walk->depth++] = s;
	return 0;
}

/* Takes fd over. */
static int walk_directory(struct walk *walk, const char *path, int fd, struct fail *f)
{
	if (enter(walk, path, fd, f) != 0) {
		close(fd);
		return -1;
	}
	DIR *dir = fdopendir(fd);
	if (dir == NULL) {
		open_fail(path, f);
		close(fd);
		return -1;
	}
	int result = walk_entries(walk, path, dir, f);
	closedir(dir);
	walk->depth--;
	return result;
}

int tree_list(const struct tree *tree, size_t max, struct file_list *list, struct fail *f)
{
	struct walk walk = {.tree = tree, .max = max, .list = list};
	*list = (struct file_list){0};
	/* an own reading position: the tree's is shared by its copies */
	int fd = openat(tree->fd, ".", OPEN_DIRECTORY);
	if (fd < 0)
		return open_fail(".", f);
	if (walk_directory(&walk, "", fd, f) != 0) {
		file_list_release(list);
		return -1;
	}
	file_list_sort(list);
	return 0;
}
