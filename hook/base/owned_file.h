/* owned_file - a file that only this user, or root, can have written.
 *
 * A settings file names servers that get the token and commands that are run. So the file must
 * belong to the effective user or to root, and nobody else may write to it; the same is asked of
 * every directory on the way to it, or the file could be exchanged for another one. A directory
 * with the sticky bit (/tmp) may be open to all, and one on a read-only file system (a ConfigMap)
 * may have any mode. The file is looked at once it is open.
 */
#ifndef MODELHOOK_BASE_OWNED_FILE_H
#define MODELHOOK_BASE_OWNED_FILE_H

#include <stddef.h>

#include "base/fail.h"
#include "base/text.h"

/* owned_file_read - the whole file into text (cleared first). CONFIGURATION, with a hint, where
 * somebody else could have written it; else as file_read. */
MUST_CHECK int owned_file_read(const char *path, size_t max, struct text *text, struct fail *f);

#endif
