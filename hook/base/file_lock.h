/* file_lock - one process at a time for what a path stands for.
 *
 * The lock file says who holds it; it is gone when it is released, and a dead holder holds nothing.
 */
#ifndef MODELHOOK_BASE_FILE_LOCK_H
#define MODELHOOK_BASE_FILE_LOCK_H

#include <stdbool.h>

#include "base/fail.h"

/* struct file_lock - owns an open file; {0} is released */
struct file_lock {
	int fd; /* valid while path != NULL */
	char *path;
};

/* file_lock_take - without waiting: *taken tells whether it was had. Its folder must be there; its
 * mode is 0600. DENIED where it belongs to another user, who is named. */
MUST_CHECK int file_lock_take(
	const char *path, struct file_lock *lock, bool *taken, struct fail *f);
void file_lock_release(struct file_lock *lock);

/* file_lock_holder - "process 4711 on fish-1", as the lock file says, else "another process"; the
 * caller frees it */
char *file_lock_holder(const char *path);

#endif
