/* temp_dir - a private folder for files that nobody keeps, in TMPDIR (else /tmp), mode 0700.
 */
#ifndef MODELHOOK_BASE_TEMP_DIR_H
#define MODELHOOK_BASE_TEMP_DIR_H

#include "base/fail.h"

/* temp_dir_open - make it; *path is its name. DISK where it cannot be made. */
MUST_CHECK int temp_dir_open(char **path, struct fail *f);

/* temp_dir_release - remove it with everything below and free path; NULL is nothing. No link is
 * followed. What cannot be removed is told as a warning. */
void temp_dir_release(char *path);

#endif
