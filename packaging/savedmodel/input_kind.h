/* input_kind - recognizes what is given in place of a SavedModel directory, and says how to fix
 * it: a URL, a Keras file, an archive, a directory of numbered versions, a Git LFS pointer.
 *
 * Looks at names and at the first bytes of files. Opens nothing that could block.
 */
#ifndef MODELHOOK_PACKAGING_SAVEDMODEL_INPUT_KIND_H
#define MODELHOOK_PACKAGING_SAVEDMODEL_INPUT_KIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"

#define INPUT_POINTER_MAX 1024 /* bytes of a file that points to another */

/* input_is_url - "s3://BUCKET/KEY", "models:/NAME/1" and the like */
bool input_is_url(const char *path);

/* input_show - path fit for a message: of a URL without user information and query. The caller
 * frees it. */
char *input_show(const char *path);

/* input_is_gzip - whether path is a regular file that begins as one of gzip */
bool input_is_gzip(const char *path);

/* input_check - 0 for a directory that may be a SavedModel. MISSING where nothing is there, else
 * UNACCEPTABLE with what it is and a hint; path itself is not named. */
MUST_CHECK int input_check(const char *path, struct fail *f);

/* input_pointer - what a file is that stands for another one, by its first bytes ("a Git LFS
 * pointer"), and how to get that one; NULL: it stands for itself */
const char *input_pointer(const uint8_t *bytes, size_t size, const char **hint);

#endif
