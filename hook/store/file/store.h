/* store - a folder of this machine, or of a mount that others share.
 *
 * Serves file:///PATH and /PATH. An object is written under a temporary name beside its own and
 * takes its name once it is on the disk (base/file.h): nobody ever reads half of one, and what a
 * killed call leaves is swept away by the next. No name leads out of the folder, by ".." or by a
 * link.
 *
 * A directory that an MLflow server names is below one of --file-roots, links resolved. Where none
 * is set, the server must be on this machine and name a directory as MLflow makes them for runs and
 * logged models: whoever can write to a registry could otherwise have any file of this machine
 * replaced or read. A directory that the user names (a spool, a result) may be anywhere.
 */
#ifndef MODELHOOK_STORE_FILE_STORE_H
#define MODELHOOK_STORE_FILE_STORE_H

#include "base/fail.h"
#include "store/store.h"

extern const struct store_kind store_file;

/* store_file_open - store->root is the folder's path; it need not be there yet, but where it is an
 * MLflow server's, that server's artifact root must: CONFIGURATION on a machine without it, and for
 * a directory that the server may not name */
MUST_CHECK int store_file_open(struct store *store, const char *uri, struct fail *f);

#endif
