/* file - a local file into a store, and back.
 */
#ifndef MODELHOOK_UPLOAD_FILE_H
#define MODELHOOK_UPLOAD_FILE_H

#include "base/fail.h"
#include "store/store.h"

/* file_upload - send the file, unless the very same is there; in parts and side by side where that
 * pays, and verified, as upload_run does. *sent: bytes, 0 where it was there. */
MUST_CHECK int file_upload(
	struct store *store, const char *local, const char *path, uint64_t *sent, struct fail *f);

/* file_download - fetch an object into a file, which appears whole or not at all */
MUST_CHECK int file_download(
	struct store *store, const char *path, const char *local, bool *found, struct fail *f);

#endif
