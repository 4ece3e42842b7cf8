/* plain_path - whether a relative path may go into a package, an artifact store and a reader's
 * disk.
 *
 * Plain: relative, parts parted by single slashes, none of them "." or "..", valid UTF-8, no
 * control character and no backslash (a separator to some readers), at most PATH_PLAIN_MAX bytes.
 */
#ifndef MODELHOOK_BASE_PLAIN_PATH_H
#define MODELHOOK_BASE_PLAIN_PATH_H

#include <stdbool.h>
#include <stddef.h>

#define PATH_PLAIN_MAX 1024

/* plain_path_problem - what is wrong with the path, as the end of a sentence ("absolute"); NULL:
 * plain */
const char *plain_path_problem(const char *path);

/* plain_path_has_control - whether the string has a control character (C0, DEL, C1) or is not UTF-8
 */
bool plain_path_has_control(const char *string);

#endif
