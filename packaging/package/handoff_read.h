/* handoff_read - a handoff from its file or its text, checked in full: what it says is UNACCEPTABLE
 * by the key that is wrong.
 */
#ifndef MODELHOOK_PACKAGING_PACKAGE_HANDOFF_READ_H
#define MODELHOOK_PACKAGING_PACKAGE_HANDOFF_READ_H

#include <stddef.h>

#include "base/fail.h"
#include "packaging/package/handoff.h"

/* handoff_read - read and check the file */
MUST_CHECK int handoff_read(const char *path, struct handoff *handoff, struct fail *f);

/* handoff_parse - the same from text; relative paths are joined to folder. The handoff in a
 * package's manifest is of the same schema, and so can be read by this too. */
MUST_CHECK int handoff_parse(
	const char *text, size_t size, const char *folder, struct handoff *handoff, struct fail *f);

#endif
