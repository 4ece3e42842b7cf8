/* input - a local file opened for reading, without ever waiting for it.
 *
 * What lies under a name may be a pipe that nobody writes to, a device, or a file that was one a
 * moment ago: a file is opened without blocking, looked at once it is open, and refused unless it
 * is a regular one. /dev/null is taken as an empty file, which is how programs are told that there
 * is none.
 */
#ifndef MODELHOOK_BASE_INPUT_H
#define MODELHOOK_BASE_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/fail.h"

/* input_error - fails for errno, which was met at the path; what: the file in the message. Where
 * nothing is there and the path is relative, the hint names the directory that it is relative to.
 */
int input_error(const char *path, const char *what, struct fail *f);

/* input_open - what: the file in a message; *fd is the caller's to close; links are followed.
 * MISSING where nothing is there, UNACCEPTABLE where it is not a regular file. */
MUST_CHECK int input_open(const char *path, const char *what, int *fd, struct fail *f);

/* input_read - up to size bytes; *got 0 at the end. As stop_check
 * where a stop interrupts it. */
MUST_CHECK int input_read(
	int fd, const char *what, void *buffer, size_t size, size_t *got, struct fail *f);

#endif
