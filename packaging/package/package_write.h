/* package_write - a package from its manifest and the files of the SavedModel.
 */
#ifndef MODELHOOK_PACKAGING_PACKAGE_PACKAGE_WRITE_H
#define MODELHOOK_PACKAGING_PACKAGE_PACKAGE_WRITE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/console.h"
#include "base/fail.h"
#include "packaging/package/manifest.h"

/* package_tap - who else takes the bytes of the files while they are packed; nothing of it fails
 * the packing */
struct package_tap {
	/* the next bytes of files[index], in order; size 0: those were all, and its digest is right
	 */
	void (*next)(void *context, size_t index, const void *bytes, size_t size);
	void *context;
};

/* package_write - write the package of `manifest` (from package_plan)
 * atomically to path; is_private: for this user alone, whatever the umask. A file that changed
 * since it was inspected is UNACCEPTABLE by name. progress (or NULL) counts the bytes of model/;
 * tap: or NULL. */
MUST_CHECK int package_write(const struct manifest *manifest, const char *path, bool is_private,
	struct progress *progress, const struct package_tap *tap, struct fail *f);

#endif
