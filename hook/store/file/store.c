#include "store/file/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/stop.h"
#include "base/text.h"

#define BUFFER ((size_t)256 << 10)
#define FILES_MAX 100000

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef", *at = c != '\0' ? strchr(digits, c | 0x20) : NULL;
	return at != NULL ? (int)(at - digits) : -1;
}

/* The path of a URL; NULL where it holds what no path can. */
static char *decode(const char *escaped)
{
	struct text path = {0};
	for (const char *c = escaped; *c != '\0'; c++) {
		char byte = *c;
		if (byte == '%') {
			int high = hex_digit(c[1]), low = high >= 0 ? hex_digit(c[2]) : -1;
			if (low < 0 || high + low == 0) {
				text_release(&path);
				return NULL;
			}
			byte = (char)(high * 16 + low);
			c += 2;
		}
		text_add(&path, &byte, 1);
	}
	return text_take(&path);
}

/* file:///PATH, file://localhost/PATH or file:/PATH */
static char *path_of_url(const char *uri)
{
	const char *path = uri + strlen("file:");
	if (text_starts_with(path, "//localhost/"))
		path += strlen("//localhost");
	else if (text_starts_with(path, "//"))
		path += 2;
	bool plain = strpbrk(path, "?#") == NULL && (path[0] == '/' || path[0] == '\0');
	return plain ? decode(path) : NULL;
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash != NULL ? slash + 1 : path;
}

static void cut_part(char *path)
{
	char *slash = strrchr(path, '/');
	*(slash != NULL ? slash : path) = '\0';
}

/* ".../ID/artifacts", the ID of a run or of a LoggedModel */
static bool ends_as_artifacts(const char *path)
{
	if (!text_ends_with(path, "/artifacts"))
		return false;
	const char *end = path + strlen(path) - strlen("/artifacts"), *id = end;
	while (id > path && id[-1] != '/')
		id--;
	if (end - id > 2 && strncmp(id, "m-", 2) == 0)
		id += 2;
	return end - id == 32 && strspn(id, "0123456789abcdef") == 32;
}

/* MLflow keeps artifacts in ROOT/EXPERIMENT/RUN/artifacts, or ROOT/EXPERIMENT/models/ID/artifacts;
 * where an experiment was given a folder, that stands for ROOT/EXPERIMENT. ROOT is there before
 * any run, clients make the rest. The caller frees it. */
static char *mount_of(const char *root)
{
	char *path = text_copy(root);
	while (path[0] != '\0' && !ends_as_artifacts(path))
		cut_part(path);
	if (path[0] == '\0') {
		free(path);
		path = text_copy(root);
	} else {
		cut_part(path);
		cut_part(path);
		if (text_equal(last_part(path), "models"))
			cut_part(path);
	}
	const char *experiment = last_part(path);
	if (experiment[0] != '\0' && strspn(experiment, "0123456789") == strlen(experiment))
		cut_part(path);
	return path;
}

/* Else the artifacts of an MLflow server on another machine would go to a folder of that name on
 * this one, and those that are there would be taken for gone. */
static int need_mount(const struct store *store, const char *mount, struct fail *f)
{
	int result = 0;
	if (mount[0] != '\0' && !file_is_directory(mount)) {
		fail_set(f, STATUS_CONFIGURATION,
			"artifacts at %.160s: this machine has no folder %.160s", store->root,
			mount);
		result = fail_hint(f,
			"mount it here (a new one: make it once), or start the MLflow server with "
			"--artifacts-destination, so that it passes artifacts on");
	}
	return result;
}

static int may_not_name(const struct store *store, const char *why, struct fail *f)
{
	fail_set(f, STATUS_CONFIGURATION, "artifacts at %.160s: %s", store->root, why);
	return fail_hint(f,
		"set MODELHOOK_FILE_ROOTS to the directories below which the server may name "
		"artifacts, or start it with --artifacts-destination, so that it passes them on");
}

static bool is_below(const char *path, const char *folder, size_t size)
{
	while (size > 1 && folder[size - 1] == '/')
		size--;
	return strncmp(path, folder, size) == 0 &&
	       (path[size] == '/' || path[size] == '\0' || size == 1);
}

/* *bound: the one of the directories that the user names that it is below */
static int find_bound(const struct store *store, const char *roots, char **bound, struct fail *f)
{
	for (const char *root = roots; *bound == NULL;) {
		size_t size = strcspn(root, ":");
		if (size > 0 && root[0] != '/')
			return fail_set(f, STATUS_CONFIGURATION,
				"file roots (MODELHOOK_FILE_ROOTS): %.*s is no absolute path",
				(int)size, root);
		if (size > 0 && is_below(store->root, root, size))
			*bound = text_format("%.*s", (int)size, root);
		if (root[size] == '\0')
			break;
		root += size + 1;
	}
	return *bound != NULL ? 0
			      : may_not_name(store,
					"not below a directory that MODELHOOK_FILE_ROOTS names", f);
}

/* ".../ID/artifacts" or below that */
static bool is_of_a_run(const char *path)
{
	char *part = text_copy(path);
	while (part[0] != '\0' && !ends_as_artifacts(part))
		cut_part(part);
	bool is = part[0] != '\0';
	free(part);
	return is;
}

/* Without directories that the user names, the server's own machine is trusted to name runs'. */
static int bound_by_default(const struct store *store, char **bound, struct fail *f)
{
	if (!store->is_near)
		return may_not_name(store,
			"the MLflow server is on another machine and names a directory of this one",
			f);
	if (!store->is_location && !is_of_a_run(store->root))
		return may_not_name(store, "not a directory of a run (…/RUN_ID/artifacts)", f);
	*bound = mount_of(store->root);
	if ((*bound)[0] == '\0') {
		free(*bound);
		*bound = text_copy("/");
	}
	return 0;
}

/* The state is the bound. */
static int bind(struct store *store, struct fail *f)
{
	const char *roots = store->options->file_roots;
	char *bound = NULL;
	int result = roots != NULL ? find_bound(store, roots, &bound, f)
				   : bound_by_default(store, &bound, f);
	store->state = bound;
	if (result != 0 || need_mount(store, bound, f) != 0)
		return -1;
	if (!is_of_a_run(store->root))
		return 0;
	char *mount = mount_of(store->root);
	result = need_mount(store, mount, f);
	free(mount);
	return result;
}

static void file_release(struct store *store)
{
	free(store->state);
}

int store_file_open(struct store *store, const char *uri, struct fail *f)
{
	store->root = uri[0] == '/' ? text_copy(uri) : path_of_url(uri);
	if (store->root == NULL)
		return fail_set(f, STATUS_CONFIGURATION,
			"%.160s: not file:///PATH, a folder of this machine", uri);
	for (size_t size = strlen(store->root); size > 0 && store->root[size - 1] == '/';)
		store->root[--size] = '\0';
	if (store->mlflow == NULL)
		return 0;
	if (store->root[0] == '\0' || !store_path_is_plain(store->root + 1))
		return fail_set(f, STATUS_REFUSED,
			"artifacts at %.160s: the path has an empty part, \".\" or \"..\"", uri);
	return bind(store, f);
}

static char *full_path(const struct store *s, const char *path)
{
	return text_format("%s%s%s", s->root, path[0] != '\0' ? "/" : "", path);
}

static char *file_show(const struct store *s, const char *path)
{
	return text_format("file://%s/%s", s->root, path);
}

/* *full: where path is, which the caller frees whatever the result */
static int find(const struct store *s, const char *path, char **full, struct fail *f)
{
	const char *slash = strrchr(path, '/');
	*full = full_path(s, path);
	if (path[0] != '\0' && !store_path_is_plain(path))
		return fail_set(
			f, STATUS_REFUSED, "%s: the name could lead out of the store", path);
	if (file_is_temporary(slash != NULL ? slash + 1 : path))
		return fail_set(f, STATUS_REFUSED,
			"%s: that is how files are called while they are written", path);
	if (!file_is_inside(s->root[0] != '\0' ? s->root : "/", *full) ||
		(s->state != NULL && !file_is_inside(s->state, *full)))
		return fail_set(f, STATUS_REFUSED, "%s: a link leads out of the store", *full);
	return 0;
}

/* Writing. */

static int write_stream(
	struct file_writer *w, const struct http_body *body, void *buffer, struct fail *f)
{
	while (w->size < body->size) {
		uint64_t left = body->size - w->size;
		size_t got;
		if (stop_check(f) != 0 ||
			body->read(body->context, buffer, left < BUFFER ? (size_t)left : BUFFER,
				&got, f) != 0)
			return -1;
		if (got == 0)
			return fail_set(f, STATUS_UNACCEPTABLE,
				"it ends after %llu of %llu bytes: it changed while it was written",
				(unsigned long long)w->size, (unsigned long long)body->size);
		if (file_write(w, buffer, got, f) != 0)
			return -1;
	}
	return 0;
}

static int write_body(struct file_writer *w, const struct http_body *body, struct fail *f)
{
	if (body->bytes != NULL || body->size == 0)
		return file_write(w, body->bytes, (size_t)body->size, f);
	void *buffer = memory_get(BUFFER, 1);
	int result = write_stream(w, body, buffer, f);
	free(buffer);
	return result;
}

static int write_file(
	const char *full, bool is_private, const struct http_body *body, struct fail *f)
{
	struct file_writer w;
	char *folder = file_folder(full);
	int result = is_private ? file_make_private_directories(folder, f)
				: file_make_directories(folder, f);
	free(folder);
	if (result != 0 || file_create_for(full, is_private, &w, f) != 0)
		return -1;
	if (write_body(&w, body, f) == 0)
		return file_finish(&w, f);
	file_discard(&w);
	return -1;
}

static int file_put(struct store *s, const struct store_content *content,
	const struct http_body *body, bool *verified, struct fail *f)
{
	char *full;
	(void)verified;
	int result = find(s, content->path, &full, f);
	if (result == 0)
		result = write_file(full, s->is_private, body, f);
	free(full);
	return result;
}

/* Reading. */

static int input_fail(const char *full, struct fail *f)
{
	bool denied = errno == EACCES || errno == EPERM;
	return fail_errno(f, denied ? STATUS_DENIED : STATUS_LATER, "%s", full);
}

static int pass_on(int fd, const char *full, const struct http_sink *sink, struct fail *f)
{
	void *buffer = memory_get(BUFFER, 1);
	ssize_t count = 0;
	int result;
	do {
		result = stop_check(f);
		if (result == 0)
			count = read(fd, buffer, BUFFER);
		if (result == 0 && count < 0 && errno != EINTR)
			result = input_fail(full, f);
		else if (result == 0 && count > 0)
			result = sink->write(sink->context, buffer, (size_t)count, f);
	} while (result == 0 && count != 0);
	free(buffer);
	return result;
}

static int read_file(const char *full, const struct http_sink *sink, bool *found, struct fail *f)
{
	struct stat about;
	int fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	*found = fd >= 0;
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : input_fail(full, f);
	int result = 0;
	if (fstat(fd, &about) != 0)
		result = input_fail(full, f);
	else if (!S_ISREG(about.st_mode))
		result = fail_set(f, STATUS_REFUSED, "%s: not a regular file", full);
	else
		result = pass_on(fd, full, sink, f);
	close(fd);
	return result;
}

static int file_get(struct store *s, const char *path, const struct http_sink *sink, bool *found,
	struct fail *f)
{
	char *full;
	int result = find(s, path, &full, f);
	if (result == 0)
		result = read_file(full, sink, found, f);
	free(full);
	return result;
}

/* List, remove, sweep. What is being written is nobody's artifact yet. */

static int list_files(const char *full, struct store_listing *listing, struct fail *f)
{
	struct file_list list;
	if (!file_is_directory(full))
		return 0;
	int result = file_list_read(full, FILES_MAX, &list, f);
	for (size_t i = 0; result == 0 && i < list.count; i++) {
		const char *path = list.entries[i].path, *slash = strrchr(path, '/');
		if (!file_is_temporary(slash != NULL ? slash + 1 : path))
			result = store_listing_add(listing, path, list.entries[i].size, NULL, f);
	}
	file_list_release(&list);
	return result;
}

static int file_list(
	struct store *s, const char *folder, struct store_listing *listing, struct fail *f)
{
	char *full;
	int result = find(s, folder, &full, f);
	if (result == 0)
		result = list_files(full, listing, f);
	free(full);
	return result;
}

static int file_remove_path(struct store *s, const char *path, struct fail *f)
{
	char *full;
	int result = find(s, path, &full, f);
	if (result == 0)
		result = file_remove_all(full, f);
	free(full);
	return result;
}

static int file_sweep_folder(struct store *s, const char *folder, struct fail *f)
{
	char *full;
	int result = find(s, folder, &full, f);
	if (result == 0)
		file_sweep(full);
	free(full);
	return result;
}

const struct store_kind store_file = {
	.at_once = 4, /* a disk, and processors that copy */
	.scheme = "file",
	.list = file_list,
	.put = file_put,
	.get = file_get,
	.remove = file_remove_path,
	.show = file_show,
	.sweep = file_sweep_folder,
	.release = file_release,
};
