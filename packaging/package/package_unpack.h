/* package_unpack - the model of a package as files.
 */
#ifndef MODELHOOK_PACKAGING_PACKAGE_PACKAGE_UNPACK_H
#define MODELHOOK_PACKAGING_PACKAGE_PACKAGE_UNPACK_H

#include "base/fail.h"
#include "packaging/package/manifest.h"

/* package_unpack - every file of the manifest below folder, which is made; what a file's digest
 * says is checked on the way (package_read.h). UNACCEPTABLE where the package is damaged, DISK
 * where a file cannot be written; what is there by then stays. Modes are what the umask leaves: a
 * model server of another user may have to read them. */
MUST_CHECK int package_unpack(
	const char *package, const struct manifest *manifest, const char *folder, struct fail *f);

#endif
