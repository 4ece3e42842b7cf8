/* directory - a directory that takes its name only when it is whole.
 */
#ifndef MODELHOOK_BASE_DIRECTORY_H
#define MODELHOOK_BASE_DIRECTORY_H

#include "base/fail.h"

/* directory_publish - give a complete directory the name `to`, on the same file system: everything
 * in it is on the disk before, so that a reader sees all of it under that name or nothing, also
 * after a power cut. What has that name already is never replaced: DISK. */
MUST_CHECK int directory_publish(const char *from, const char *to, struct fail *f);

/* directory_retire - take its name away from a directory and remove it: first it is called
 * `hidden`, so that no reader sees a half. Not being there is fine; what is called `hidden` is
 * removed before. */
MUST_CHECK int directory_retire(const char *path, const char *hidden, struct fail *f);

/* directory_names - the names in a directory that the function wants, in no order; what it returns
 * other than 0 ends the walk and is returned */
typedef int directory_name_function(void *context, const char *name, struct fail *f);
MUST_CHECK int directory_names(
	const char *path, directory_name_function *function, void *context, struct fail *f);

#endif
