/* file - local files: bounded reading, atomic writing, sorted folders. The one door to rename and
 * fsync.
 *
 * A file is written under a temporary name beside its own and takes its name only in file_finish,
 * after fsync; the folder is synced too. Killed anywhere, a reader sees the old file or the new
 * one, never half.
 */
#ifndef MODELHOOK_BASE_FILE_H
#define MODELHOOK_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"
#include "base/text.h"

/* file_read - the whole file into text (cleared first); more than max bytes is UNACCEPTABLE */
MUST_CHECK int file_read(const char *path, size_t max, struct text *text, struct fail *f);

/* file_read_open - the same for an open file, added to text; path: its name in a message */
MUST_CHECK int file_read_open(
	int fd, const char *path, size_t max, struct text *text, struct fail *f);

bool file_is_there(const char *path);
bool file_is_directory(const char *path);

/* file_is_named - false only where nothing has that name: true for a link that leads nowhere, and
 * where it cannot be told */
bool file_is_named(const char *path);

/* file_is_inside - whether path, whose beginning is folder, leads to a place inside of it, all
 * links followed; what is not there yet leads where it would be made */
bool file_is_inside(const char *folder, const char *path);

/* file_make_directories - the folder and its parents, durable, mode 0777 less umask; being there is
 * fine */
MUST_CHECK int file_make_directories(const char *path, struct fail *f);

/* file_make_private_directories - the same, mode 0700 */
MUST_CHECK int file_make_private_directories(const char *path, struct fail *f);

/* file_remove - remove a file; not being there is fine */
MUST_CHECK int file_remove(const char *path, struct fail *f);

/* file_remove_all - the same for a file, or a folder with all that is in it; links are not followed
 */
MUST_CHECK int file_remove_all(const char *path, struct fail *f);

/* struct file_writer - owns an open temporary file until file_finish or file_discard; {0} is
 * discarded */
struct file_writer {
	int fd;	    /* valid while path != NULL */
	char *path; /* the final name */
	char *temporary;
	bool is_private;
	uint64_t size;
};

/* file_create - begin to write path. Its folder must be there, and what has that name must be a
 * regular file or nothing. */
MUST_CHECK int file_create(const char *path, struct file_writer *w, struct fail *f);

/* file_create_for - the same; is_private: mode 0600, whatever the umask */
MUST_CHECK int file_create_for(
	const char *path, bool is_private, struct file_writer *w, struct fail *f);
MUST_CHECK int file_write(struct file_writer *w, const void *bytes, size_t size, struct fail *f);

/* file_finish - make it durable and give it its name. w is released whatever the result. */
MUST_CHECK int file_finish(struct file_writer *w, struct fail *f);

/* file_discard - drop an unfinished file; may be called twice, and after file_finish */
void file_discard(struct file_writer *w);

/* file_store - file_create, file_write and file_finish of one string */
MUST_CHECK int file_store(const char *path, const void *bytes, size_t size, struct fail *f);

/* file_store_private - the same, mode 0600 */
MUST_CHECK int file_store_private(const char *path, const void *bytes, size_t size, struct fail *f);

/* file_remove_leftovers - remove the temporary files that killed writers of path left beside it.
 * Only for who holds a lock that keeps all other writers away. */
void file_remove_leftovers(const char *path);

/* file_is_temporary - whether name is one that file_create gives, until file_finish */
bool file_is_temporary(const char *name);

/* file_sweep - remove the temporary files that killed writers left in folder or below it; a living
 * writer holds a lock on its own. Where the file system has no locks, all stay. */
void file_sweep(const char *folder);

/* file_is_open_as - whether the open file still is the one that path names: somebody may have
 * removed it since */
bool file_is_open_as(int fd, const char *path);

/* struct file_list - regular files below a folder, by path relative to it, sorted by bytes (strcmp)
 */
struct file_entry {
	char *path;
	uint64_t size;
	uint64_t device; /* with inode: which file it is, whatever path leads there */
	uint64_t inode;
};
struct file_list {
	struct file_entry *entries;
	size_t count;
	size_t name_bytes; /* of all paths */
};

/* file_list_read - every regular file below folder, whatever its depth. Symbolic links to regular
 * files are followed; anything else (a link to a folder, a device, a socket, more than `max` files)
 * is UNACCEPTABLE by name. Empty folders do not count. */
MUST_CHECK int file_list_read(
	const char *folder, size_t max, struct file_list *list, struct fail *f);
void file_list_release(struct file_list *list);

/* file_list_add, file_list_sort - for who walks a folder in another way (tree.h); UNACCEPTABLE
 * where the names get longer in all than 4 MiB, or a stop was asked for */
struct stat;
MUST_CHECK int file_list_add(
	struct file_list *list, const char *path, const struct stat *about, struct fail *f);
void file_list_sort(struct file_list *list);

/* file_join - folder/name, or name alone where it is absolute; the caller frees it */
char *file_join(const char *folder, const char *name);

/* file_absolute - the same place named from the root, whatever the working directory is later; a
 * leading "./" falls away. The caller frees it. */
char *file_absolute(const char *path);

/* file_folder - the folder part of a path, "." where there is none; the caller frees it */
char *file_folder(const char *path);

#endif
