/* tree - the files below one directory, read so that nothing outside of it is.
 *
 * Symbolic links to files and to directories are followed where they lead to a place inside of the
 * directory. A link that leads out of it, a link back into a directory that it is in, and whatever
 * is neither file nor directory (a FIFO, a socket, a device) are UNACCEPTABLE by name. Nothing is
 * opened that could block.
 *
 * Every open goes from the directory down, one name after another, and follows no link by itself:
 * a link is resolved first, and the place that it leads to is opened in the same way. A file that
 * is swapped for a link in between is refused, wherever the link leads.
 *
 * Messages name files by their path in the tree; the directory is for the caller to name. It may be
 * a link itself. It is opened once: replaced later, it is still the same.
 * tree_open_file may be called by many threads. struct tree owns what it points to until
 * tree_release; a zeroed one may be released.
 */
#ifndef MODELHOOK_BASE_TREE_H
#define MODELHOOK_BASE_TREE_H

#include "base/fail.h"
#include "base/file.h"

struct tree {
	int fd;	    /* valid while path != NULL */
	char *path; /* as it was given */
	char *real; /* without links */
};

MUST_CHECK int tree_open(const char *path, struct tree *tree, struct fail *f);
void tree_release(struct tree *tree);

/* tree_list - every regular file, whatever its depth, by the path that it is reached by, sorted by
 * bytes. More than `max` files and directories, or than 100 links to directories, are
 * UNACCEPTABLE; empty directories are not listed.
 * In a directory that a Kubernetes volume has filled (it holds a link `..data`), names that begin
 * with `..` are left out: the files there are those that the links beside them lead to. */
MUST_CHECK int tree_list(
	const struct tree *tree, size_t max, struct file_list *list, struct fail *f);

/* tree_open_file - open a regular file by its path in the tree; the caller closes *fd */
MUST_CHECK int tree_open_file(const struct tree *tree, const char *path, int *fd, struct fail *f);

#endif
